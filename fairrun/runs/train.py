"""The `train` run: fit on train, measure on validation, log the model."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import mlflow

from fairrun.data import (
    DataRequest,
    Dataset,
    is_preprocessed,
    prepare,
    resolve_spec,
)
from fairrun.groups import group_lookup
from fairrun.mitigation import resolve_mitigator
from fairrun.model import FairClassifier
from fairrun.packaging import log_model
from fairrun.resampling import Resample
from fairrun.runs.evaluate import measure
from fairrun.tracking import (
    load_preprocessed,
    log_evaluation,
    log_input,
    log_parameters,
    log_spec,
    tracked_run,
)

__all__ = ["Trained", "TrainingRequest", "run_train"]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingRequest:
    """What a user said of the model; see `FairClassifier` for each."""

    mitigator: str = "none"
    mitigator_params: Mapping[str, float] = field(default_factory=dict)
    C: float = 1.0
    max_iter: int = 1000
    class_weight: Literal["balanced"] | None = None
    resample: Resample = "none"
    unseen: Literal["ignore", "error"] = "ignore"
    seed: int = 0


@dataclass(frozen=True)
class Trained:
    """What a `train` run made.

    Attributes
    ----------
    run_id : str
        The MLflow run.
    model_uri : str
        The logged model.
    metrics : dict of str to float
        On validation.
    """

    run_id: str
    model_uri: str
    metrics: dict[str, float]


def run_train(data: DataRequest | Dataset, request: TrainingRequest) -> Trained:
    """Fit a classifier, measure it on validation, and log it.

    Parameters
    ----------
    data : DataRequest or Dataset
        Which data; or the splits themselves, where several models are trained on them.
    request : TrainingRequest
        Which model.

    Raises
    ------
    RequestError
        If the request cannot be met.
    """
    mitigator, parameters = resolve_mitigator(request.mitigator, request.mitigator_params)
    with tracked_run(f"train {mitigator.name}", {"mitigator": mitigator.name}) as run:
        dataset = data if isinstance(data, Dataset) else _load(data)
        spec, train = dataset.spec, dataset.splits["train"]
        validation = dataset.splits["validation"]
        log_spec(spec)
        log_parameters(
            {
                "mitigator.name": mitigator.name,
                **{f"mitigator.{name}": value for name, value in parameters.items()},
                "estimator.C": request.C,
                "estimator.max_iter": request.max_iter,
                "estimator.class_weight": request.class_weight,
                "estimator.resample": request.resample,
                "estimator.seed": request.seed,
                "model.unseen": request.unseen,
            }
        )
        classifier = FairClassifier(
            spec.protected[0],
            mitigator=mitigator.name,
            mitigator_params=parameters,
            C=request.C,
            max_iter=request.max_iter,
            class_weight=request.class_weight,
            resample=request.resample,
            drop=[p.column for p in spec.protected[1:]],
            missing=spec.missing,
            unseen=request.unseen,
            seed=request.seed,
        )
        _logger.info("fitting %s on %d rows", mitigator.name, len(train))
        started = time.perf_counter()
        classifier.fit(train.frame, train.label)
        fitted = time.perf_counter()
        answers = classifier.inference_.predict(validation.frame)
        predicted = time.perf_counter()

        lookup = group_lookup(train.frame, spec.protected[0])
        logged = log_model(classifier.inference_, spec, lookup, mitigator.name)
        log_input(train, spec, context="train")
        measured_on = log_input(validation, spec, context="validation")
        evaluation = measure(answers, validation, lookup, spec.protected[0])
        log_evaluation(evaluation, model_id=logged.model_id, dataset=measured_on)
        cost = {
            "fit_seconds": fitted - started,
            "predict_seconds": predicted - fitted,
            "model_bytes": float(logged.n_bytes),
        }
        mlflow.log_metrics(cost, model_id=logged.model_id)
        return Trained(run.info.run_id, logged.uri, evaluation.metrics)


def _load(request: DataRequest) -> Dataset:
    if is_preprocessed(request.data):
        return load_preprocessed(request.data)
    return prepare(resolve_spec(request))
