"""End runs whose process is gone, and the models that it was writing."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import mlflow
from mlflow.entities import LoggedModel, LoggedModelStatus, Run
from mlflow.exceptions import MlflowException

from fairrun.errors import RequestError
from fairrun.tracking.faults import naming_faults
from fairrun.tracking.names import PROCESS_HOST, PROCESS_ID
from fairrun.tracking.owners import host, is_gone
from fairrun.tracking.store import impatient, open_store

__all__ = ["Reaped", "fail_models_of", "reap", "say_gone"]

_logger = logging.getLogger(__name__)

#: The number of runs that a command looks at when it starts.
_FEW = 20


@dataclass(frozen=True)
class Reaped:
    """The result of `reap`.

    Attributes
    ----------
    runs : list of (str, str, str)
        The id, the name and the former process of each run that was ended.
    models : list of str
        The ids of the models that were marked as failed.
    elsewhere : dict of str to int
        The number of runs that are RUNNING on each other host. Some may be alive.
    """

    runs: list[tuple[str, str, str]]
    models: list[str]
    elsewhere: dict[str, int]


def reap(run_ids: Sequence[str] = ()) -> Reaped:
    """End all runs whose process is gone on this host as KILLED, and their models as FAILED.

    Runs of other hosts and of processes that are alive are left alone.

    Parameters
    ----------
    run_ids : sequence of str
        Runs to end, too, because the caller knows that their processes are gone. These may be runs
        of other hosts.

    Returns
    -------
    Reaped

    Raises
    ------
    RequestError
        If there is no run with one of the ids, or its process is alive on this host.
    StoreError
        If the tracking store cannot be used.
    """
    open_store()
    done = Reaped([], [], {})
    with naming_faults():
        named = [_named(run_id) for run_id in run_ids]
        for run in [*named, *_running()]:
            if run.info.run_id in run_ids or is_gone(run.data.tags):
                _end(run, done)
            elif run.data.tags.get(PROCESS_HOST, host()) != host():
                there = run.data.tags[PROCESS_HOST]
                done.elsewhere[there] = done.elsewhere.get(there, 0) + 1
        # The runs of these models have ended: `mlflow run` does that if its command was killed.
        for model in _pending_models():
            if _is_left_over(model, run_ids):
                _fail(model)
                done.models.append(model.model_id)
    return done


def fail_models_of(run: Run, experiment_id: str | None = None) -> None:
    """Mark the unfinished models of a run as FAILED, so that nobody waits for them.

    They are searched in the experiment of the run, or in the given one.
    """
    of_run = f"source_run_id = '{run.info.run_id}'"
    for model in _pages_of_models([experiment_id or run.info.experiment_id], of_run):
        if model.status == LoggedModelStatus.PENDING:
            _fail(model)


def say_gone(run: Run) -> None:
    """Print a line for each run of this experiment whose process is gone on this host.

    This is a courtesy when a command starts, so a store that refuses the search is no error.

    Parameters
    ----------
    run : mlflow.entities.Run
        The run of the command.
    """
    if not host():
        return
    here = f"attributes.status = 'RUNNING' and tags.`{PROCESS_HOST}` = '{host()}'"
    try:
        with impatient():
            found = mlflow.MlflowClient().search_runs(
                [run.info.experiment_id], here, max_results=_FEW
            )
    except Exception as error:
        _logger.debug("runs whose process is gone were not searched: %s", type(error).__name__)
        return
    gone = [each for each in found if is_gone(each.data.tags)]
    if gone:
        first = gone[0]
        more = f", and {len(gone) - 1} more" if len(gone) > 1 else ""
        _logger.info(
            "process %s of run %s (%s)%s is gone, but the run is RUNNING; end it with: "
            "python -m fairrun reap",
            first.data.tags[PROCESS_ID],
            first.info.run_id,
            first.info.run_name,
            more,
        )


def _named(run_id: str) -> Run:
    """Return a run that the user wants to end."""
    try:
        run = mlflow.get_run(run_id)
    except MlflowException as error:
        raise RequestError(
            f"there is no run {run_id} in {mlflow.get_tracking_uri()}; give the id of a run"
        ) from error
    tags = run.data.tags
    if run.info.status == "RUNNING" and tags.get(PROCESS_HOST) == host() and not is_gone(tags):
        raise RequestError(
            f"the run {run_id} is at work in process {tags.get(PROCESS_ID)} of this host; end the "
            f"process first: kill {tags.get(PROCESS_ID)}"
        )
    return run


def _end(run: Run, done: Reaped) -> None:
    # Another process may have resumed or ended the run since it was searched.
    client, run_id = mlflow.MlflowClient(), run.info.run_id
    now = client.get_run(run_id)
    process = now.data.tags.get(PROCESS_ID, "unknown")
    if now.info.status != "RUNNING" or process != run.data.tags.get(PROCESS_ID, "unknown"):
        return
    client.set_terminated(run_id, "KILLED")
    done.runs.append((run_id, str(run.info.run_name), process))


def _is_left_over(model: LoggedModel, run_ids: Sequence[str]) -> bool:
    if model.status != LoggedModelStatus.PENDING or not model.source_run_id:
        return False
    run = mlflow.get_run(model.source_run_id)
    return run.info.run_id in run_ids or is_gone(run.data.tags)


def _fail(model: LoggedModel) -> None:
    mlflow.MlflowClient().finalize_logged_model(model.model_id, LoggedModelStatus.FAILED)


def _running() -> Iterator[Run]:
    """Yield the runs of fairrun in all experiments that are RUNNING."""
    ours = f"attributes.status = 'RUNNING' and tags.`{PROCESS_ID}` LIKE '%'"
    token = None
    while True:
        page = mlflow.MlflowClient().search_runs(_experiments(), ours, page_token=token)
        yield from list(page)
        token = page.token
        if not token:
            return


def _pending_models() -> list[LoggedModel]:
    models = _pages_of_models(_experiments())
    return [model for model in models if model.status == LoggedModelStatus.PENDING]


def _pages_of_models(experiments: list[str], query: str | None = None) -> Iterator[LoggedModel]:
    token = None
    while True:
        page = mlflow.MlflowClient().search_logged_models(experiments, query, page_token=token)
        yield from list(page)
        token = page.token
        if not token:
            return


def _experiments() -> list[str]:
    found, token = [], None
    while True:
        page = mlflow.MlflowClient().search_experiments(page_token=token)
        found += [experiment.experiment_id for experiment in page]
        token = page.token
        if not token:
            return found
