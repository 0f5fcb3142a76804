"""What a run knows about a model, for the documents that describe it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pandas import DataFrame

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
    tables: Mapping[str, DataFrame] = field(default_factory=dict)
    columns: Sequence[Mapping[str, str]] = ()
    model_bytes: float = float("nan")
    lock_digest: str = ""
    source: str = ""
    statements: Statements = NO_STATEMENTS

    # The names of tags, metrics and tables are those of `fairrun.tracking.names`, which pages may
    # not import. They stand here alone.

    @property
    def estimator(self) -> str:
        """Return the name of the estimator; empty if unknown."""
        return self.tags.get("estimator", "")

    @property
    def commit(self) -> str:
        """Return the Git commit of the run of training; empty if unknown."""
        return self.tags.get("mlflow.source.git.commit", "")

    @property
    def dataset(self) -> str:
        """Return the name of the data of training."""
        return self.tags.get("dataset.name", self.origin.dataset)

    @property
    def training_digest(self) -> str:
        """Return the digest of the training rows; empty if unknown."""
        return self.tags.get("dataset.digest", "")

    @property
    def trained_for(self) -> str:
        """Return the protected column that the mitigator was fitted with."""
        protected = self.parameters.get("data.protected", self.evaluation.protected.name)
        return protected.partition(",")[0]

    @property
    def reads_group(self) -> bool | None:
        """Return whether the model reads a protected column in prediction; None if unknown."""
        return _truth(self.tags.get("mitigator.reads_group"))

    @property
    def is_randomised(self) -> bool | None:
        """Return whether the rule draws random numbers; None if unknown."""
        return _truth(self.tags.get("mitigator.randomised"))

    @property
    def protected_input(self) -> str:
        """Return the protected column that the model reads in prediction; empty if none."""
        read = (each["name"] for each in self.columns if each["role"] == "protected")
        return next(read, "")

    def rows_of(self, split: str) -> float | None:
        """Return the number of rows of a split; None if unknown."""
        return self.metrics.get(f"n_rows_{split}")

    @property
    def label_counts(self) -> DataFrame | None:
        """Return the rows of each label and group in each split; None if unknown."""
        return self.tables.get("label_group_counts")

    @property
    def findings(self) -> DataFrame | None:
        """Return what a check of the training rows has found; None if unknown."""
        return self.tables.get("findings")

    @property
    def before_after(self) -> DataFrame | None:
        """Return the metrics without and with the mitigator; None if the run has none."""
        return self.tables.get("before_after")

    @property
    def without_mitigation(self) -> bool:
        """Return whether the model was trained without a mitigator."""
        return self.origin.mitigator in ("", "none")


def _truth(tag: str | None) -> bool | None:
    return None if tag is None else tag == "true"
