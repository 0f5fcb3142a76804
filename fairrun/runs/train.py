"""The `train` run, which fits a model, measures it on the validation rows and logs it."""

from __future__ import annotations

import logging
import time
from collections.abc import MutableMapping
from dataclasses import dataclass, replace
from typing import Any

import mlflow
import numpy as np
from numpy.typing import NDArray

from fairrun.data import DataRequest, Dataset, Decisions
from fairrun.gate import ConstraintCheck, Gate, GateResult, decide
from fairrun.groups import ProtectedColumn
from fairrun.metrics import MIN_CELL, check_min_cell
from fairrun.models.log import log_model
from fairrun.runs.described import (
    describe_data,
    describe_dropped,
    describe_metrics,
    describe_warnings,
)
from fairrun.runs.effects import (
    before_and_after,
    check_strict,
    labels_of_none,
    refuse_unless_kept,
    say_about_mitigator,
    with_effect,
)
from fairrun.runs.findings import say_findings
from fairrun.runs.label_counts import shown_label_counts
from fairrun.runs.measure import hide_small_groups, measure, protected_columns
from fairrun.text import n_of
from fairrun.tracking.datasets import log_dropped, log_input, log_notes, log_spec, open_dataset
from fairrun.tracking.descriptions import as_code, describe_run, escaped
from fairrun.tracking.evaluation import log_evaluation
from fairrun.tracking.hints import mlflow_serve, next_command
from fairrun.tracking.names import (
    BEFORE_AFTER,
    CONSTRAINT,
    ESTIMATOR,
    FIT_SECONDS,
    LABEL_GROUP_COUNTS,
    MITIGATOR,
    MODEL_BYTES,
    MODEL_NAME,
    PREDICT_SECONDS,
    RANDOMISED,
    READS_GROUP,
    ROWS,
    STAGE,
    parameter,
    run_name,
)
from fairrun.tracking.runs import log_for_run_alone, log_parameters, log_table, tracked_run
from fairrun.training import FairClassifier, TrainingRequest
from fairrun.training.mitigation import resolve_mitigator

__all__ = ["Trained", "commands_after_train", "run_train"]

_logger = logging.getLogger(__name__)

#: After a fit of more seconds than this, a line says that none is fitted as well.
_SLOW = 10.0


@dataclass(frozen=True)
class Trained:
    """The result of a `train` run.

    Attributes
    ----------
    run_id : str
        The id of the MLflow run.
    model_uri : str
        The URI of the logged model.
    metrics : dict of str to float
        The metrics on the validation rows.
    column : ProtectedColumn
        The first protected column, which the metrics compare.
    constraint : ConstraintCheck or None
        Whether the validation rows show that the mitigator's constraint is kept; None if it has
        none.
    effect : str
        What the mitigator does to the validation rows: an `EffectKind`; empty if nothing is known.
    compared : str
        The metrics whose distance from parity was compared with that of none; empty for none.
    model_id : str
        MLflow's id of the model.
    judged : GateResult or None
        The result of `demanded` on the validation rows, as it is shown.
    """

    run_id: str
    model_uri: str
    metrics: dict[str, float]
    column: ProtectedColumn
    constraint: ConstraintCheck | None = None
    effect: str = ""
    compared: str = ""
    model_id: str = ""
    judged: GateResult | None = None


def run_train(
    data: DataRequest | Dataset,
    request: TrainingRequest,
    *,
    strict: bool = False,
    known: MutableMapping[str, NDArray[np.int64]] | None = None,
    min_cell: int = MIN_CELL,
    demanded: Gate | None = None,
) -> Trained:
    """Fit a classifier, measure it on the validation rows, and log it.

    Parameters
    ----------
    data : DataRequest or Dataset
        The data and how to prepare them, or the splits themselves.
    request : TrainingRequest
        The parameters of the model.
    strict : bool, default False
        Whether a model is refused unless the validation rows show that the constraint of its
        mitigator is kept.
    known : mutable mapping, optional
        Stores the labels of models without mitigation. Pass the same mapping to runs on the same
        splits, so that the model to compare with is fitted once.
    min_cell : int
        Numbers about fewer rows are not shown; 1 shows all.
    demanded : Gate, optional
        What models are compared by. The result has the verdict on the validation rows, and the
        effect of the mitigator is about the metrics of this gate.

    Returns
    -------
    Trained

    Raises
    ------
    RequestError
        If the data or a parameter cannot be used, or a model is refused. A refused model is not
        logged, and its run ends as FAILED.
    """
    check_min_cell(min_cell)
    mitigation = resolve_mitigator(request.mitigator, request.mitigator_params)
    if strict:
        check_strict(mitigation)
    tags = {
        MITIGATOR: mitigation.name,
        STAGE: mitigation.stage,
        ESTIMATOR: request.estimator,
    }
    with tracked_run(run_name("train", mitigation.name), tags) as run:
        dataset = open_dataset(data)
        log_notes(dataset.notes, dataset.n_dropped, say=not isinstance(data, Dataset))
        request.check_row_key(dataset)
        if not isinstance(data, Dataset):  # The run that opened the splits has said them.
            say_findings(dataset)
        spec, train = dataset.spec, dataset.splits["train"]
        validation = dataset.splits["validation"]
        columns = protected_columns(train.frame, spec.protected, request.min_frequency)
        classifier = FairClassifier.for_dataset(spec, **vars(request))
        recipe = classifier.recipe()
        if train.weight is not None:
            recipe.check_weights()
        log_spec(spec)
        of_model = {
            "unseen": request.unseen,
            "min_frequency": request.min_frequency,
            "row_key": request.row_key,
        }
        log_parameters(
            recipe.to_parameters()
            | {parameter("mitigator", CONSTRAINT): mitigation.constraint or None}
            | {parameter("model", name): value for name, value in of_model.items()}
        )
        _logger.info("fitting %s on %s rows", mitigation.name, f"{len(train):,}")
        started = time.perf_counter()
        memory: dict[str, Any] = {}
        encoded = classifier.encode(train.frame, train.label, train.sample_weight)
        classifier.fit_encoded(encoded, memory)
        fitted = time.perf_counter()
        answers = classifier.inference_.predict(validation.frame)
        predicted = time.perf_counter()

        model = classifier.inference_
        mlflow.set_tags(
            {
                READS_GROUP: str(model.groups is not None).lower(),
                RANDOMISED: str(model.draws is not None).lower(),
            }
        )
        log_input(train, spec, context="train")
        measured_on = log_input(validation, spec, context="validation")
        evaluation = measure(Decisions.of_answers(answers, validation), columns)
        labels, effect = answers["prediction"].to_numpy(), None
        known = {} if known is None else known
        plain = FairClassifier.for_dataset(
            spec, **vars(replace(request, mitigator="none", mitigator_params={}))
        )
        key = plain.recipe().key
        if not mitigation.steps:
            known[key] = labels
        else:
            if key not in known:
                # A post-processing method has fitted the scores of none itself.
                slow = fitted - started > _SLOW and list(mitigation.steps) != ["post"]
                known[key] = labels_of_none(plain, encoded, validation, memory, announce=slow)
            effect = with_effect(mitigation, columns[0], validation, labels, known[key], demanded)
        said = say_about_mitigator(
            mitigation.name, mitigation.constraint, columns[0].name, evaluation, effect
        )
        judged = None
        if demanded is not None:
            judged = decide(
                *(demanded, said.evaluation.counts, said.evaluation.audit), say_rows_needed=False
            )
        # The verdicts are from all numbers. What follows shows those that it may.
        evaluation = hide_small_groups(said.evaluation, min_cell, sensitive=spec.sensitive)
        judged = None if judged is None else judged.shown(evaluation.hidden)
        constraint = None if said.constraint is None else said.constraint.shown(evaluation.hidden)
        if strict:
            refuse_unless_kept(mitigation, constraint)
        logged = log_model(model, spec, columns, mitigation.name, mitigation.constraint)
        log_evaluation(evaluation, spec.sensitive, model_id=logged.model_id, dataset=measured_on)
        cost = {
            FIT_SECONDS: fitted - started,
            PREDICT_SECONDS: predicted - fitted,
            MODEL_BYTES: float(logged.n_bytes),
        }
        mlflow.log_metrics(cost, model_id=logged.model_id)
        log_dropped(dataset.n_dropped)
        log_for_run_alone({f"{ROWS}{name}": float(len(r)) for name, r in dataset.splits.items()})
        # What documents about the model show of its training.
        log_table(LABEL_GROUP_COUNTS, shown_label_counts(dataset, min_cell))
        if mitigation.steps:
            log_table(
                BEFORE_AFTER,
                before_and_after(
                    *(validation, known[key], evaluation, min_cell), sensitive=spec.sensitive
                ),
            )
        done = Trained(
            *(run.info.run_id, logged.uri, evaluation.metrics, columns[0]),
            *(constraint, said.effect, "" if effect is None else effect.compared),
            *(logged.model_id, judged),
        )
        describe_run(
            f"Trained {as_code(request.estimator)} with the mitigator {as_code(mitigation.name)} "
            f"on {n_of(len(train), 'row')} of {describe_data(spec)}.",
            describe_metrics(done.metrics, "the validation split", columns[0]),
            "" if constraint is None else escaped(str(constraint)),
            describe_warnings(said.warnings, evaluation),
            describe_dropped(dataset.n_dropped),
            commands=commands_after_train(done),
        )
        return done


def commands_after_train(done: Trained) -> list[str]:
    """Return the commands to type after a model was trained."""
    uri = f"runs:/{done.run_id}/{MODEL_NAME}"
    return [next_command(done.run_id, "evaluate", {"model": uri}), mlflow_serve(done.run_id, uri)]
