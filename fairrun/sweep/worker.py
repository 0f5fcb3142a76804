"""A worker process: reads trials, runs them, writes results, until there is nobody to read from.

`python -m fairrun.sweep.worker`, with what `fairrun.sweep.executor` sends through its input.
"""

from __future__ import annotations

import os
import signal

# Ctrl-C is for the process that started this one, which then ends it.
signal.signal(signal.SIGINT, signal.SIG_IGN)


def main() -> None:
    """Answer trials until the input ends."""
    from multiprocessing.connection import Connection

    tasks = Connection(os.dup(0), writable=False)
    results = Connection(os.dup(1), readable=False)
    # Whatever a library prints must not come between results.
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
