"""What a promotion says: its reasons, its tables as Markdown, and what to type next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fairrun.gate import GateResult, MarginCheck, Margins, NotWorse, Verdict
from fairrun.runs.promotion_comparison import Against
from fairrun.text import n_of, shortened
from fairrun.tracking.descriptions import escaped

__all__ = ["bullets", "markdown_of", "reasons_of", "said_of_champion", "said_of_rows"]

#: How many checks of a gate, and how many comparisons, are reasons, and the longest reason.
_MOST, _LONGEST = 5, 400
_IS_CHAMPION = "the model is the champion already, so the gate alone decides"


def reasons_of(
    result: GateResult, against: Against | None, *, is_champion: bool = False
) -> tuple[str, ...]:
    """Return why a candidate is promoted or not, a sentence each without a full stop."""
    of_champion = [_IS_CHAMPION] if is_champion else _of_champion(against)
    return tuple(shortened(each, _LONGEST) for each in (*_of_gate(result), *of_champion))


def _of_gate(result: GateResult) -> list[str]:
    verdict = result.verdict
    if verdict is Verdict.PASS:
        return [f"the gate passed ({n_of(len(result.judgements), 'check')})"]
    deciding = [str(each) for each in result.judgements if each.verdict is verdict]
    what = "failed" if verdict is Verdict.FAIL else "has too little data to decide"
    return _some(f"the gate {what}: ", deciding)


def _of_champion(against: Against | None) -> list[str]:
    if against is None:
        return ["there is no champion to compare with"]
    if against.checks is None:
        return [against.why_not]
    checks, version = against.checks, against.champion.version
    verdict = checks.verdict
    if verdict is Verdict.PASS:
        n = n_of(len(checks.checks), "comparison")
        margins = " and ".join(dict.fromkeys(f"{each.margin:g}" for each in checks.checks))
        found = [f"not worse than the champion (version {version}): {n}, margin {margins}"]
    else:
        deciding = [str(each) for each in checks.checks if each.verdict is verdict]
        what = "worse" if verdict is Verdict.FAIL else "too little data to say whether it is worse"
        found = _some(f"{what} than the champion (version {version}): ", deciding)
    return [*found, *filter(None, [against.caveat]), *checks.left_out]


def _some(before: str, each: Sequence[str]) -> list[str]:
    """Return the first sentences, and the number of the others."""
    more = len(each) - _MOST
    said = [f"{before}{sentence}" for sentence in each[:_MOST]]
    return [*said, f"{before}{n_of(more, 'more check')}"] if more > 0 else said


def said_of_champion(
    name: str, against: Against | None, *, is_champion: bool, data: str | None = None
) -> str:
    """Return which version is the champion before the decision, and whether `data` is read."""
    if against is None:
        said = f"{name} has no champion yet, so the gate alone decides."
        if is_champion:
            said = f"{_IS_CHAMPION[0].upper()}{_IS_CHAMPION[1:]}."
        unread = f" data={data} was not read: its rows are for a comparison with a champion."
        return said if data is None else f"{said}{unread}"
    return f"The champion of {name} is version {against.champion.version}."


def said_of_rows(against: Against, margins: Margins) -> list[str]:
    """Return on which rows, and by which margin, a candidate was compared with the champion."""
    compared = against.compared
    if compared is None:
        return [against.why_not]
    which = "the candidate's test split" if compared.rows == "test" else "the rows of data"
    return [
        f"Both were compared on {which} ({n_of(compared.n_rows, 'row')})",
        f"margin={margins}: a larger loss than this is not accepted. A metric that compares groups "
        "loses if its distance from parity grows; that of a ratio is |log ratio|",
        *filter(None, [against.caveat]),
    ]


def markdown_of(checks: NotWorse) -> str:
    """Return the comparison with the champion as a table in Markdown."""
    heads = ("compared", "groups", "candidate − champion", "margin", "verdict")
    lines = [list(heads), ["---"] * len(heads), *map(_cells, checks.checks)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cells(check: MarginCheck) -> list[str]:
    return [
        escaped(check.name),
        escaped(check.subject),
        escaped(check.measured),
        f"{check.margin:g}",
        check.words,
    ]


def bullets(sentences: Iterable[str]) -> str:
    """Return sentences as a Markdown list."""
    return "\n".join(f"- {escaped(each)}" for each in sentences)
