"""The program of a worker process, which reads trials, runs them and writes the results.

`fairrun.sweep.executor` starts it with `python -m fairrun.sweep.worker` and writes to its standard
input. It ends when the input ends.
"""

from __future__ import annotations

import os
import signal

# The process that started this one handles Ctrl-C, and ends this process.
signal.signal(signal.SIGINT, signal.SIG_IGN)


def main() -> None:
    """Run trials until the input ends."""
    from multiprocessing.connection import Connection

    tasks = Connection(os.dup(0), writable=False)
    results = Connection(os.dup(1), readable=False)
    # Standard output carries the results, so text that a library prints goes to standard error.
    os.dup2(2, 1)

    import logging

    from fairrun.sweep.messages import read_problem, read_trials, write_result
    from fairrun.sweep.trial import Trials

    logging.getLogger("fairrun").addHandler(logging.NullHandler())
    try:
        trials = Trials(read_problem(*(tasks.recv_bytes() for _ in range(3))))
        while True:
            for trial in read_trials(tasks.recv_bytes()):
                results.send_bytes(write_result(trials.run(trial)))
    except (EOFError, BrokenPipeError):
        return


if __name__ == "__main__":
    main()
