"""Open the run of a sweep, and say what can be done if it is interrupted."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

import mlflow
from mlflow.entities import Run

import fairrun.training
from fairrun.runs.sweep_description import describe_begun, resume_command
from fairrun.runs.sweep_request import SweepRequest
from fairrun.tracking.interrupts import uninterrupted
from fairrun.tracking.names import SWEEP_CHOSEN_TRIAL
from fairrun.tracking.runs import reopened_run, tracked_run
from fairrun.tracking.store import open_store
from fairrun.tracking.sweeps import is_recorded, is_sensitive, put_trials_in, sweep_tags

__all__ = ["sweep_run"]

_logger = logging.getLogger(__name__)


@contextmanager
def sweep_run(run_id: str | None, request: SweepRequest) -> Iterator[Run]:
    """Open the run of a sweep, new or resumed; an interrupt sets its status to KILLED."""
    opened: AbstractContextManager[Run] = (
        tracked_run(f"sweep {request.method}", sweep_tags(request.method, request.objective))
        if run_id is None
        else reopened_run(run_id)
    )
    open_store()  # This can take long, and may be interrupted.
    run: Run | None = None
    with ExitStack() as stack, _quiet_fits():
        try:
            with uninterrupted():
                run = stack.enter_context(opened)
            _say_run(run.info.run_id)
            if run_id is None and request.trials_experiment is not None:
                run = put_trials_in(request.trials_experiment, run)
            yield run
        except KeyboardInterrupt:
            if run is not None:
                _say_interrupted(run.info.run_id)
            raise


def _say_run(run_id: str) -> None:
    """Print the id of the run first, because a sweep that is killed cannot print it any more."""
    _logger.info("the sweep is run %s; if it is interrupted, resume it with:", run_id)
    _logger.info("  %s", resume_command(run_id))
    if mlflow.get_run(run_id).data.tags.get(SWEEP_CHOSEN_TRIAL) is None:
        describe_begun(run_id)


def _say_interrupted(run_id: str) -> None:
    if not is_recorded(run_id):
        _logger.warning("interrupted before the first trial; start the sweep again")
    elif is_sensitive(run_id):
        _logger.warning("interrupted; a sweep of sensitive data cannot be resumed; start it again")
    else:
        _logger.warning("interrupted; resume the sweep with: %s", resume_command(run_id))


@contextmanager
def _quiet_fits() -> Iterator[None]:
    """Turn off the log lines of fits, because a sweep has hundreds of them."""
    logger = logging.getLogger(fairrun.training.__name__)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
