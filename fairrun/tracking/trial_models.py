"""Log the models of trials: where they are, and what becomes of one that is cut off."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import mlflow
from mlflow.entities import Metric, Run
from mlflow.exceptions import MlflowException

from fairrun.tracking.interrupts import uninterrupted
from fairrun.tracking.metric_names import is_headline
from fairrun.tracking.names import SWEEP_MODEL
from fairrun.tracking.owners import process_tags
from fairrun.tracking.reaping import fail_models_of
from fairrun.tracking.runs import reopened_run
from fairrun.tracking.store import impatient
from fairrun.tracking.trials import mark

__all__ = ["MODEL_STEP", "link_headlines", "logged_model", "model_of_trial"]

#: The step at which the model of a trial is logged. MLflow shows all metrics of the run at the
#: model's step on the page of the model, and those of a trial are at step 0.
MODEL_STEP = 1


def logged_model(trial: Run, experiment_id: str) -> str:
    """Return the URI of the model that a trial has in an experiment; empty if it has none."""
    uri = str(trial.data.tags.get(SWEEP_MODEL, ""))
    if uri:
        with suppress(MlflowException):  # somebody has deleted the model
            model = mlflow.MlflowClient().get_logged_model(uri.removeprefix("models:/"))
            return uri if model.experiment_id == experiment_id else ""
    return ""


@contextmanager
def model_of_trial(trial: Run, experiment_id: str) -> Iterator[None]:
    """Prepare the run of a trial for a model, which the block logs.

    Parameters
    ----------
    trial : mlflow.entities.Run
        The run of the trial, which has ended.
    experiment_id : str
        The experiment of the model: that of the trial, or of the active run.
    """
    client, run_id = mlflow.MlflowClient(), trial.info.run_id
    if experiment_id == trial.info.experiment_id:
        with reopened_run(run_id):
            yield
        # The duration of a trial's run is that of the trial, without the refit.
        client.set_terminated(run_id, "FINISHED", trial.info.end_time)
        return
    # MLflow puts a model in the experiment of the active run, so the run of the trial stays closed.
    mark(run_id, process_tags())  # `reap` judges a model by the process of its run
    try:
        yield
    except BaseException:
        with suppress(Exception), uninterrupted(), impatient():
            fail_models_of(trial, experiment_id)
        raise


def link_headlines(trial: Run, model_id: str) -> None:
    """Show the headline metrics of a trial on the page of its model.

    Parameters
    ----------
    trial : mlflow.entities.Run
        The run of the trial.
    model_id : str
        The model.
    """
    metrics = [
        Metric(name, value, trial.info.end_time, 0, model_id=model_id, run_id=trial.info.run_id)
        for name, value in trial.data.metrics.items()
        if is_headline(name)  # Names with a slash begin with the column here, and are left out.
    ]
    mlflow.MlflowClient().log_batch(trial.info.run_id, metrics=metrics)
