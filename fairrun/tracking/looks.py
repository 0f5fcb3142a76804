"""Count how often a test split was looked at, in all experiments of the tracking store.

A choice between models by their metrics on the test rows is fitted to these rows. The
metrics of the chosen model are then too good, and more so with every look (Dwork et al., 2015, "The
reusable holdout: Preserving validity in adaptive data analysis", Science 349).
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass

import mlflow
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from fairrun.tracking.faults import fault_of
from fairrun.tracking.names import LOOKED_MODELS, LOOKS, MEASURED_DIGEST, MEASURED_MODEL
from fairrun.tracking.store import impatient

__all__ = ["Looks", "log_looks", "log_looks_of", "say_looks"]

_logger = logging.getLogger(__name__)

#: Earlier evaluations that are read. MLflow reads a run with all its metrics, which takes up to
#: 0.1 s. The latest one knows how many there were; a few more are read, because evaluations that
#: run at the same time may end in another order.
_LATEST = 5
#: Looks in further experiments are not counted, because MLflow searches named experiments only.
_MOST_EXPERIMENTS = 1000
#: Without a gate, nothing is said about this many models, such as those of one comparison.
_FEW_MODELS = 5


@dataclass(frozen=True)
class Looks:
    """The number of evaluations of one test split so far.

    Attributes
    ----------
    evaluations : int
        The number of evaluations, with this one. Two evaluations of one model are two looks.
    models : int
        The number of different models that were evaluated.

    Examples
    --------
    >>> print(Looks(4, 3))
    this is look 4 at this test split, by 3 models
    """

    evaluations: int
    models: int

    def __str__(self) -> str:
        by = "1 model" if self.models == 1 else f"{self.models:,} models"
        return f"this is look {self.evaluations:,} at this test split, by {by}"


def log_looks(digest: str, model_id: str | None, uri: str) -> Looks | None:
    """Count the evaluations of a test split, and log the numbers as tags of the active run.

    Only evaluations that have ended, and that logged these tags, are counted. This includes failed
    runs, because `mlflow run` marks a run as FAILED if its gate does not pass, and the metrics of
    such a run are logged.

    Parameters
    ----------
    digest : str
        The digest of the test split.
    model_id : str or None
        The id of the logged model that is evaluated.
    uri : str
        The URI of the model, which identifies it if it has no id.

    Returns
    -------
    Looks or None
        The numbers, with this evaluation; None if the store cannot say. A message then says so.
    """
    known_by = model_id or hashlib.blake2b(uri.encode(), digest_size=8).hexdigest()
    return _log(digest, [known_by], of_active=False)


def log_looks_of(digest: str, models: Sequence[str]) -> Looks | None:
    """Count a look at a test split that compares several models; see `log_looks`.

    The tags that the active run has already count, too: a sweep that is resumed has looked at its
    test split before.

    Parameters
    ----------
    digest : str
        The digest of the test split.
    models : sequence of str
        The ids of the logged models.
    """
    return _log(digest, models, of_active=True)


def _log(digest: str, models: Sequence[str], *, of_active: bool) -> Looks | None:
    try:
        with impatient():
            looks = _count(digest, models, _begun(digest, of_active=of_active))
    except Exception as error:
        fault = fault_of(error)
        if fault is None and not isinstance(error, (MlflowException, OSError)):
            raise
        _logger.warning(
            "warning: earlier looks at this test split were not counted, because %s",
            fault or f"the store refused the search ({type(error).__name__})",
        )
        return None
    numbers = {LOOKS: looks.evaluations, LOOKED_MODELS: looks.models}
    mlflow.set_tags(numbers | {MEASURED_DIGEST: digest, MEASURED_MODEL: ",".join(models)})
    return looks


def say_looks(looks: Looks | None, *, gate: bool) -> None:
    """Print how often the test split was looked at, if this may mislead.

    Parameters
    ----------
    looks : Looks or None
        The numbers.
    gate : bool
        Whether the evaluation had a gate. Without one, a few models are not worth a message.
    """
    if looks is None or looks.evaluations == 1 or not (gate or looks.models > _FEW_MODELS):
        return
    advice = "; choose on validation rows, or take new test rows" if looks.models > 1 else ""
    _logger.info("%s%s", looks, advice)


def _count(digest: str, models: Sequence[str], begun: Sequence[Run]) -> Looks:
    of_split = f"tags.`{MEASURED_DIGEST}` = '{digest}'"
    latest = [*_ended(of_split, _LATEST), *begun]
    if not latest:
        return Looks(1, len(set(models)))
    evaluations, before = (
        max(_number(run.data.tags.get(name)) for run in latest) for name in (LOOKS, LOOKED_MODELS)
    )
    of_latest = {model for run in latest for model in _models(run)}
    new = [
        model
        for model in dict.fromkeys(models)
        if model not in of_latest
        and not _ended(f"{of_split} and tags.`{MEASURED_MODEL}` LIKE '%{model}%'", 1)
    ]
    return Looks(evaluations + 1, before + len(new))


def _models(run: Run) -> list[str]:
    return str(run.data.tags.get(MEASURED_MODEL, "")).split(",")


def _begun(digest: str, *, of_active: bool) -> list[Run]:
    """Return the runs in progress that have looked before: the parent, and the active one."""
    active = mlflow.active_run()
    if active is None:
        return []
    ids = [active.data.tags.get(MLFLOW_PARENT_RUN_ID), active.info.run_id if of_active else None]
    runs = [mlflow.MlflowClient().get_run(run_id) for run_id in ids if run_id]
    return [run for run in runs if run.data.tags.get(MEASURED_DIGEST) == digest]


def _number(tag: str | None) -> int:
    """Return the number in a tag; 0 for other texts, because anybody can edit a tag."""
    return int(tag) if tag is not None and tag.isdecimal() else 0


def _ended(query: str, n: int) -> list[Run]:
    """Return the latest runs of all experiments that have ended and match a query, at most n."""
    client = mlflow.MlflowClient()
    experiments = client.search_experiments(max_results=_MOST_EXPERIMENTS)
    return list(
        client.search_runs(
            [experiment.experiment_id for experiment in experiments],
            f"{query} and attributes.status != 'RUNNING'",
            order_by=["attributes.start_time DESC"],
            max_results=n,
        )
    )
