"""Tell `mlflow run` with which exit code its command ended, because it passes on only 0 and 1."""

from __future__ import annotations

from contextlib import suppress

import mlflow
from mlflow.utils.mlflow_tags import MLFLOW_PROJECT_ENTRY_POINT, MLFLOW_RUN_NOTE

from fairrun.errors import EXIT_BAD_REQUEST, EXIT_GATE_FAILED, EXIT_INSUFFICIENT_EVIDENCE
from fairrun.tracking.descriptions import escaped, says_why_it_failed
from fairrun.tracking.names import EXIT_CODE
from fairrun.tracking.runs import check_tracking_uri
from fairrun.tracking.store import impatient

__all__ = ["write_exit"]

#: The exit codes of a command that has done its work.
_COMPLETE = (0, EXIT_GATE_FAILED, EXIT_INSUFFICIENT_EVIDENCE)
#: Exit codes from this one on are those of signals.
_SIGNALS = 128


def write_exit(run_id: str, code: int, said: str = "") -> None:
    """Write an exit code to the run of `mlflow run`, and end the run if the command failed.

    If the store cannot be used, nothing is written, because the command has already said so.

    Parameters
    ----------
    run_id : str
        The run.
    code : int
        The exit code of the command.
    said : str
        The last line of a command that failed. It becomes the description of the run, unless
        the run was opened and says already why it failed.
    """
    with suppress(Exception), impatient():
        check_tracking_uri()  # otherwise a relative URI would make a store in the project's folder
        client = mlflow.MlflowClient()
        client.set_tag(run_id, EXIT_CODE, str(code))
        tags = client.get_run(run_id).data.tags
        before, entry_point = tags.get(MLFLOW_RUN_NOTE, ""), tags.get(MLFLOW_PROJECT_ENTRY_POINT)
        if code == EXIT_BAD_REQUEST and entry_point and not before:
            # Nobody has opened the run, so it still has the random name that MLflow gave it.
            client.update_run(run_id, name=f"{entry_point} · refused")
        if said and not says_why_it_failed(before):
            client.set_tag(run_id, MLFLOW_RUN_NOTE, escaped(said))
        if code not in _COMPLETE and client.get_run(run_id).info.end_time is None:
            client.set_terminated(run_id, "KILLED" if code > _SIGNALS else "FAILED")
