"""The page of a promotion, in one HTML file."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from jinja2 import Template

from fairrun.gate import GateResult, MarginCheck, NotWorse, Verdict
from fairrun.metrics import is_hidden_reason
from fairrun.pages.cells import Cell, Table, number
from fairrun.pages.gate_tables import gate_table, tally
from fairrun.pages.report import environment

__all__ = ["render_promotion"]

#: Why the intervals of a comparison have two confidence levels.
_LEVELS = (
    "Intervals have a confidence of 95 %, and those of distances 97.5 %. A candidate that is worse "
    "by the margin therefore passes with a probability of at most 2.5 %, also if the champion is "
    "at parity."
)

#: What a verdict means for the model, also in a dry run, which changes nothing.
_HEADLINES = {
    Verdict.PASS: "Pass: the model may be champion",
    Verdict.FAIL: "Fail: the model is not promoted",
    Verdict.INSUFFICIENT_EVIDENCE: "Insufficient evidence: the model is not promoted",
}


def render_promotion(
    name: str,
    verdict: Verdict | None,
    outcome: str,
    *,
    about: Sequence[tuple[str, str]],
    reasons: Sequence[str],
    result: GateResult | None,
    checks: NotWorse | None,
    commands: Sequence[str],
) -> str:
    """Return the page of a promotion as HTML, without a script and without a row of the data.

    Parameters
    ----------
    name : str
        The name of the registered model.
    verdict : Verdict or None
        The verdict; None if nothing was decided.
    outcome : str
        What was done, as a sentence without a full stop.
    about : sequence of (str, str)
        What was asked, and which models and runs it is about.
    reasons : sequence of str
        Why, a sentence each.
    result : GateResult or None
        The result of the gate, as it is shown.
    checks : NotWorse or None
        The comparison with the champion, as it is shown.
    commands : sequence of str
        Commands to type next.

    Returns
    -------
    str
        The HTML page.
    """
    return _template().render(
        title=f"Promotion to champion of {name}",
        headline="Nothing was decided" if verdict is None else _HEADLINES[verdict],
        verdict="none" if verdict is None else str(verdict),
        outcome=outcome,
        about=Table("Request and models", ("what", "value"), tuple(map(_row, about))),
        reasons=reasons,
        gate=None if result is None else gate_table(result),
        tally="" if result is None else tally(result),
        margins=None if checks is None else _margins(checks),
        commands=commands,
    )


@cache
def _template() -> Template:
    return environment().get_template("promotion.html")


def _row(pair: tuple[str, str]) -> tuple[Cell, Cell]:
    return Cell(pair[0]), Cell(pair[1])


def _margins(checks: NotWorse) -> Table:
    note = (
        "A metric that compares groups is compared by its distance from parity: |a − b| for a "
        "difference, |log(a / b)| for a ratio. The candidate is not worse if the whole interval of "
        "candidate − champion is a loss of less than the margin. It is worse if the whole interval "
        "is a loss of more."
    )
    if checks.left_out:
        note += " " + " ".join(f"{each}." for each in checks.left_out)
    heads = ("compared and groups", "candidate", "champion", "difference and interval", "margin")
    note += " " + _LEVELS
    return Table(
        "Candidate against champion", (*heads, "result"), tuple(map(_cells, checks.checks)), note
    )


def _cells(check: MarginCheck) -> tuple[Cell, ...]:
    judged = Cell(check.words, verdict=str(check.verdict))
    margin = Cell(f"{check.margin:g}", is_number=True)
    about = Cell(check.name.replace("_", " "), check.subject, word=check.metric)
    if is_hidden_reason(check.reason):
        hidden = Cell("hidden", check.reason.removeprefix("hidden: "))
        return about, Cell("hidden"), Cell("hidden"), hidden, margin, judged
    difference = number(check.value, check.ci_low, check.ci_high, signed=True, decimals=4)
    if check.reason:
        difference = Cell(difference.text, check.reason)
    return about, number(check.candidate), number(check.champion), difference, margin, judged
