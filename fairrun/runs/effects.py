"""What a run says about its mitigator: whether the constraint is kept, and what it changes."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from dataclasses import dataclass, replace
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.data import Rows
from fairrun.errors import RequestError
from fairrun.gate import ConstraintCheck, Gate, Term, check_constraint, parse_gate
from fairrun.groups import ProtectedColumn
from fairrun.metrics import (
    BIAS_METRICS,
    Effect,
    Evaluation,
    before_after_table,
    both_hidden,
    compare_with_none,
    effect_kinds,
    effect_sentence,
    evaluate_predictions,
    hidden_groups,
    show,
)
from fairrun.tracking.names import CONSTRAINT_KEPT, CONSTRAINT_PROBABILITY, EFFECT
from fairrun.training import EncodedRows, FairClassifier
from fairrun.training.mitigation import MITIGATORS, Mitigation

__all__ = [
    "Said",
    "before_and_after",
    "check_strict",
    "labels_of_none",
    "refuse_unless_kept",
    "say_about_mitigator",
    "with_effect",
]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Said:
    """What a run says about its mitigator.

    Attributes
    ----------
    evaluation : Evaluation
        The evaluation with the metrics of constraint and effect added.
    constraint : ConstraintCheck or None
        Whether the constraint is kept; None if the mitigator has none, or it was not measured.
    effect : str
        The most serious `EffectKind`; empty if nothing is known.
    warnings : tuple of str
        Sentences about a model that is worse than a simpler one, or no different from it.
    """

    evaluation: Evaluation
    constraint: ConstraintCheck | None
    effect: str
    warnings: tuple[str, ...]


def say_about_mitigator(
    mitigator: str,
    constraint: str,
    protected: str,
    evaluation: Evaluation,
    effect: Effect | None = None,
) -> Said:
    """Check the constraint of a mitigator and its effect, set the tags, and log warnings.

    Parameters
    ----------
    mitigator : str
        The name of the mitigator.
    constraint : str
        Its constraint as the text of a gate; empty if it has none.
    protected : str
        The protected column that the model was trained with first.
    evaluation : Evaluation
        The evaluation on rows that did not fit the model. If it has no metrics of `protected`, the
        constraint is not checked.
    effect : Effect, optional
        The comparison with none.

    Returns
    -------
    Said
    """
    counts, check = evaluation.counts, None
    metrics = {} if effect is None else dict(effect.metrics)
    if constraint and protected not in [column.name for column in counts.columns]:
        _logger.info(
            "%s promises %s for %s, which is not measured", mitigator, constraint, protected
        )
    elif constraint:
        check = check_constraint(constraint, protected, counts, evaluation.audit)
        metrics[CONSTRAINT_PROBABILITY] = check.probability
        mlflow.set_tag(CONSTRAINT_KEPT, check.kept)
    kinds = effect_kinds(counts, effect)
    if kinds:
        mlflow.set_tag(EFFECT, str(kinds[0]))
    sentences = (effect_sentence(kind, mitigator, counts, effect) for kind in kinds)
    warnings = tuple(filter(None, sentences))
    for sentence in warnings:
        _logger.warning("warning: %s", sentence)
    return Said(
        replace(evaluation, metrics=evaluation.metrics | metrics),
        check,
        str(kinds[0]) if kinds else "",
        warnings,
    )


def with_effect(
    mitigation: Mitigation,
    column: ProtectedColumn,
    rows: Rows,
    labels: NDArray[np.int64],
    labels_without: NDArray[np.int64],
    demanded: Gate | None = None,
) -> Effect:
    """Return the comparison of a mitigated model with none on the same rows.

    The metrics that `demanded` constrains for the column are compared. Without any, they are those
    of the mitigator's own constraint, or else statistical parity.
    """
    terms = () if demanded is None else _about_rates(demanded, column.name)
    if not terms and mitigation.constraint:
        terms = parse_gate(mitigation.constraint).terms
    return compare_with_none(
        column,
        column.positions(rows.frame),
        rows.label,
        labels,
        labels_without,
        rows.weight,
        metrics=[term.metric.name for term in terms] or ["statistical_parity"],
        all_values=bool(terms) and not terms[0].declared,
    )


def before_and_after(
    rows: Rows,
    labels_without: NDArray[np.int64],
    shown: Evaluation,
    min_cell: int,
    *,
    sensitive: bool,
) -> pd.DataFrame:
    """Return the metrics of none and of a mitigated model on the same rows, as they are shown.

    Parameters
    ----------
    rows : Rows
        The rows, which did not fit the models.
    labels_without : array of int of shape (n_rows,)
        The labels of none.
    shown : Evaluation
        The evaluation of the mitigated model as it is shown.
    min_cell : int
        The fewest rows behind a number that is shown.
    sensitive : bool
        Whether rows without a known protected value are protected, too.

    Returns
    -------
    DataFrame
        See `before_after_table`.
    """
    column = shown.protected
    without = evaluate_predictions(
        *([column], [column.positions(rows.frame)], rows.label, labels_without, None),
        weight=rows.weight,
        cluster=rows.cluster,
    )
    hidden = hidden_groups(without.counts, min_cell, unknown=sensitive)
    return before_after_table(show(without, both_hidden(hidden, shown.hidden)), shown)


def _about_rates(demanded: Gate, column: str) -> tuple[Term, ...]:
    """Return the terms about differences or ratios of rates between the groups of a column."""
    return tuple(
        term
        for term in demanded.terms
        if term.protected in (None, column)
        and term.metric.name in BIAS_METRICS
        and BIAS_METRICS[term.metric.name].kind in ("difference", "ratio")
    )


def labels_of_none(
    classifier: FairClassifier,
    train: EncodedRows,
    validation: Rows,
    memory: MutableMapping[str, Any],
    *,
    announce: bool,
) -> NDArray[np.int64]:
    """Fit `none` like a classifier, on the same rows, and return its labels of validation rows.

    Parameters
    ----------
    classifier : FairClassifier
        A classifier without mitigation.
    train : EncodedRows
        The encoded training rows.
    validation : Rows
        The rows to label.
    memory : mutable mapping
        The memory of the mitigated fit. If it has the scores of none, nothing is fitted.
    announce : bool
        Whether a line says that none is fitted.
    """
    if announce:
        _logger.info("fitting none on the same rows, to compare the mitigated model with it")
    classifier.fit_encoded(train, memory)
    return np.asarray(classifier.inference_.predict(validation.frame)["prediction"])


def check_strict(mitigation: Mitigation) -> None:
    """Raise RequestError if ``strict=true`` was given for a mitigator without a constraint."""
    if not mitigation.constraint:
        promising = [name for name, row in MITIGATORS.items() if row.constraint is not None]
        raise RequestError(
            f"strict=true checks a constraint, and mitigator={mitigation.name} states none; leave "
            f"strict out, or give one of {', '.join(promising)}"
        )


def refuse_unless_kept(mitigation: Mitigation, check: ConstraintCheck | None) -> None:
    """Raise RequestError unless the validation rows show that the constraint is kept."""
    if check is None or check.kept == "kept":
        return
    if np.isfinite(check.probability):  # the run of a refused model logs no other metric
        mlflow.log_metric(CONSTRAINT_PROBABILITY, check.probability)
    parameters = mitigation.promising.parameters if mitigation.promising else {}
    # A method that moves as far as its margin allows moves farther with a larger tolerance, too.
    larger = {"tolerance": "a larger tolerance, ", "tau": "a smaller tau, "}
    if "confidence" in parameters:
        larger = {"confidence": "a higher confidence, "}
    other = "".join(text for name, text in larger.items() if name in parameters)
    raise RequestError(
        f"strict=true refuses the model, because the validation rows do not show "
        f"{check.judged}: {check.kept} ({check.evidence}); give more rows, {other}or another "
        "mitigator"
    )
