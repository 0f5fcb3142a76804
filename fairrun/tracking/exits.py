"""Tell `mlflow run` with which exit code its command ended, because it passes on only 0 and 1."""

from __future__ import annotations

import os
from contextlib import suppress

from fairrun.errors import EXIT_GATE_FAILED, EXIT_INSUFFICIENT_EVIDENCE
from fairrun.tracking.names import EXIT_CODE

__all__ = ["RUN_VARIABLE", "write_exit"]

#: `mlflow run` sets this variable for its command, and ends the run after the command.
RUN_VARIABLE = "MLFLOW_RUN_ID"

#: The exit codes of a command that has done its work.
_COMPLETE = (0, EXIT_GATE_FAILED, EXIT_INSUFFICIENT_EVIDENCE)
#: Exit codes from this one on are those of signals.
_SIGNALS = 128


def write_exit(code: int, said: str = "") -> None:
    """Write an exit code to the run of `mlflow run`, and end the run if the command failed.

    Without `mlflow run`, nothing is done. If the store cannot be used, nothing is written, because
    the command has already said so.

    Parameters
    ----------
    code : int
        The exit code of the command.
    said : str
        The last line of a command that failed. It becomes the description of the run.
    """
    run_id = os.environ.get(RUN_VARIABLE)
    if run_id is None:
        return
    # Imported here because it takes a second, and only commands of `mlflow run` need it.
    import mlflow
    from mlflow.utils.mlflow_tags import MLFLOW_RUN_NOTE

    from fairrun.tracking.runs import check_tracking_uri
    from fairrun.tracking.store import impatient

    with suppress(Exception), impatient():
        check_tracking_uri()  # otherwise a relative URI would make a store in the project's folder
        client = mlflow.MlflowClient()
        client.set_tag(run_id, EXIT_CODE, str(code))
        if said:
            client.set_tag(run_id, MLFLOW_RUN_NOTE, said)
        if code not in _COMPLETE and client.get_run(run_id).info.end_time is None:
            client.set_terminated(run_id, "KILLED" if code > _SIGNALS else "FAILED")
