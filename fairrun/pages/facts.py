"""What a run knows about a model, for the documents that describe it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fairrun.explanations import Overview
from fairrun.figures import Plot
from fairrun.gate import ConstraintCheck, Gate, GateResult
from fairrun.metrics import Evaluation
from fairrun.pages.report import Origin
from fairrun.pages.sections import Section
from fairrun.pages.statements import NO_STATEMENTS, Statements

__all__ = ["ModelFacts"]


@dataclass(frozen=True)
class ModelFacts:
    """What the runs of training and of evaluation know about a model, and what people said.

    Attributes
    ----------
    origin : Origin
        The model, the data and the run of the evaluation.
    evaluation : Evaluation
        The metrics, their intervals and the audit tables, as they are shown.
    plots : mapping of str to Plot
        The plots by name.
    gate, result : Gate and GateResult, or None
        The gate and its result as it is shown.
    overview : Overview or None
        The explanations of the model.
    not_explained : str
        Why the model is not explained; empty if it is.
    constraint : ConstraintCheck or None
        Whether the rows show that the mitigator's constraint is kept.
    warnings : sequence of str
        Sentences about the effect of the mitigator, without a full stop.
    sections : sequence of Section
        The sections of further analyses: subgroups, conditional parity, unknown groups.
    training_run : str
        The run that trained the model; empty if it is not in this tracking store.
    parameters : mapping of str to str
        Its parameters: `mitigator.…`, `estimator.…`, `model.…`, `data.…`, seeds, sizes of splits.
    tags : mapping of str to str
        Its tags: mitigator, stage, whether the rule reads the group or is randomised, estimator,
        name and digest of the data, Git commit.
    metrics : mapping of str to float
        Its metrics, such as the number of rows of each split.
    tables : mapping of str to DataFrame
        Tables of the run of training: `label_group_counts`, `findings` and `before_after`, those
        that there are. `before_after` compares the model with the same model without mitigation on
        the validation rows.
    columns : sequence of dict
        The input columns of the model: name, type and role (feature, protected, row_key).
    model_bytes : float
        The size of the model in bytes; NaN if unknown.
    lock_digest : str
        The SHA-256 of the file that pins the installed packages; empty if there is none.
    source : str
        Where the data come from: `census`, `adult`, or the name of a file without its folder; empty
        if the run of training is not in this tracking store.
    statements : Statements
        What only a person can say, from the file of the parameter `card`.
    """

    origin: Origin
    evaluation: Evaluation
    plots: Mapping[str, Plot]
    gate: Gate | None = None
    result: GateResult | None = None
    overview: Overview | None = None
    not_explained: str = ""
    constraint: ConstraintCheck | None = None
    warnings: Sequence[str] = ()
    sections: Sequence[Section] = ()
    training_run: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    tables: Mapping[str, Any] = field(default_factory=dict)
    columns: Sequence[Mapping[str, str]] = ()
    model_bytes: float = float("nan")
    lock_digest: str = ""
    source: str = ""
    statements: Statements = NO_STATEMENTS
