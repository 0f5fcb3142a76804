"""What is asked of a promotion, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fairrun.data import ReadOptions
from fairrun.gate import Gate, Margins, Verdict
from fairrun.metrics import MIN_CELL
from fairrun.models.open import OpenedModel
from fairrun.pages import NO_STATEMENTS, Statements
from fairrun.runs.promotion_comparison import Against
from fairrun.runs.promotion_evidence import Evidence

__all__ = ["Promoted", "PromotionRequest"]


@dataclass(frozen=True)
class PromotionRequest:
    """What is asked of a promotion.

    Attributes
    ----------
    model : str
        The URI of the candidate.
    name : str
        The name of the registered model.
    gate : Gate or None
        The gate; None only if `gate_mode` is "disabled".
    gate_mode : {"enabled", "dry_run", "disabled"}
        "dry_run" changes nothing. "disabled" decides nothing: the model becomes the challenger.
    margins : Margins
        The largest losses that are accepted against the champion.
    data : str or None
        Rows for the comparison with the champion: a table with labels, or a run.
    read : ReadOptions or None
        How the file in `data` is read.
    statements : Statements
        What only a person can say about the model, for its model card.
    min_cell : int
        Numbers about fewer rows are not shown.
    """

    model: str
    name: str
    gate: Gate | None
    gate_mode: str
    margins: Margins
    data: str | None = None
    read: ReadOptions | None = None
    statements: Statements = NO_STATEMENTS
    min_cell: int = MIN_CELL


@dataclass(frozen=True)
class Promoted:
    """The result of a `promote` run.

    Attributes
    ----------
    run_id : str
        The id of the MLflow run.
    request : PromotionRequest
        What was asked.
    candidate : OpenedModel
        The candidate.
    verdict : Verdict or None
        The verdict; None if nothing had to be decided.
    outcome : str
        What was done, as a sentence without a full stop.
    reasons : tuple of str
        Why, a sentence each.
    evidence : Evidence or None
        The evaluation; None if the candidate was champion already.
    against : Against or None
        The comparison with the champion; None without a champion.
    version : str or None
        The version of the candidate; None if it is not registered.
    champion : str or None
        The version that is champion now; before a decision is carried out, the one before.
    is_new : bool
        Whether the history has a new entry.
    is_champion : bool
        Whether the candidate had the alias champion before.
    """

    run_id: str
    request: PromotionRequest
    candidate: OpenedModel
    verdict: Verdict | None
    outcome: str
    reasons: tuple[str, ...] = ()
    evidence: Evidence | None = None
    against: Against | None = None
    version: str | None = None
    champion: str | None = None
    is_new: bool = False
    is_champion: bool = False

    @property
    def trained_by(self) -> str:
        """The run that trained the candidate; empty if unknown."""
        return str(self.candidate.metadata.run_id or "")

    def as_carried_out(self, version: str, champion: str | None) -> Promoted:
        """Return the decision after it was carried out."""
        outcome = self._outcome(version)
        return replace(self, outcome=outcome, version=version, champion=champion, is_new=True)

    def as_before(self, number: int, version: str) -> Promoted:
        """Return the decision, if an entry of the history has decided the same before."""
        outcome = f"{self._outcome(version)}; entry {number} of its history decided the same"
        return replace(self, outcome=outcome, version=version)

    def as_dry_run(self) -> Promoted:
        """Return the decision, of which nothing is carried out."""
        would = "would" if self.verdict is Verdict.PASS else "would not"
        name = self.request.name
        outcome = f"dry_run changed nothing; the model {would} become the champion of {name}"
        return replace(self, outcome=outcome)

    def _outcome(self, version: str) -> str:
        champion = "none" if self.champion is None else f"version {self.champion}"
        what = f"{self.request.name} version {version} is"
        if self.verdict is Verdict.PASS and self.is_champion:
            return f"{self.request.name} version {version} stays champion"
        if self.verdict is Verdict.PASS:
            return f"{what} champion, before: {champion}"
        role = "challenger" if self.verdict is None else "registered"
        return f"{what} {role}, champion stays: {champion}"

    def __str__(self) -> str:
        verdict = "nothing was decided" if self.verdict is None else self.verdict.words
        return f"promotion: {verdict} ({self.outcome})"
