"""The checks of a gate as Markdown, for a comment on a pull request or the summary of a job."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd

from fairrun.errors import RequestError
from fairrun.gate.judgements import Verdict, overall
from fairrun.gate.needed import ABOUT_ROWS_NEEDED
from fairrun.metrics import has_only_upper_limit
from fairrun.text import n_of, shortened, with_interval

__all__ = ["checks_as_markdown", "read_checks", "verdict_of_checks"]

#: The columns of a table of checks without which it cannot be read.
_COLUMNS = ("term", "protected", "group_a", "group_b", "n", "value", "ci_low", "ci_high")
_COLUMNS += ("confidence", "verdict", "reason")
_RESULTS = {
    Verdict.FAIL: "failed",
    Verdict.INSUFFICIENT_EVIDENCE: "too little data",
    Verdict.PASS: "passed",
}
#: The most characters of a cell.
_LONGEST = 240


def read_checks(path: str) -> pd.DataFrame:
    """Read the artifact `gate.json` of a run: the checks that it has decided.

    Parameters
    ----------
    path : str
        The path of the file.

    Returns
    -------
    DataFrame
        As `GateResult.table`.

    Raises
    ------
    RequestError
        If the file cannot be read, or does not hold checks.
    """
    where = (
        "give gate.json of a run, which mlflow artifacts download -r RUN_ID -a gate.json -d . "
        "fetches"
    )
    try:
        document: Any = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        is_missing = isinstance(error, FileNotFoundError)
        why = "there is no such file" if is_missing else type(error).__name__
        raise RequestError(f"{path} cannot be read ({why}); {where}") from error
    try:
        table = pd.DataFrame(document["data"], columns=document["columns"])
        checks = table[[*_COLUMNS, *table.columns.intersection(["rows_needed"])]]
        numbers = ["n", "value", "ci_low", "ci_high", "confidence"]
        checks = checks.astype(dict.fromkeys(numbers, float))
        verdict_of_checks(checks)
    # A file that somebody changed can hold anything in any place.
    except (KeyError, TypeError, ValueError) as error:
        with_gate = "; with counts.json, give the gate, too" if _holds_counts(document) else ""
        raise RequestError(f"{path} holds no checks of a gate; {where}{with_gate}") from error
    return checks


def _holds_counts(document: Any) -> bool:
    return isinstance(document, dict) and "kind" in document


def verdict_of_checks(table: pd.DataFrame) -> Verdict:
    """Return the verdict on all checks of a table: fail before insufficient evidence before pass.

    Parameters
    ----------
    table : DataFrame
        At least one check, as `GateResult.table` has them.
    """
    return overall(map(Verdict, table["verdict"]))


def checks_as_markdown(table: pd.DataFrame) -> str:
    """Return the checks of a gate as Markdown: verdict, table, and the rows that would decide more.

    Names of groups come from the data. They are code in the text, so that a name cannot be markup,
    a link, or the mention of a person.

    Parameters
    ----------
    table : DataFrame
        The checks, as `GateResult.table` or `read_checks` return them.

    Returns
    -------
    str
        Several lines, without a newline at the end.

    Examples
    --------
    >>> from fairrun.gate import decide, parse_gate
    >>> from fairrun.groups import ProtectedColumn
    >>> from fairrun.metrics import Counts, audit
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> counts = Counts((sex,), [[[500, 100], [200, 400]], [[600, 20], [100, 80]], [[0, 0]] * 2])
    >>> result = decide(parse_gate("disparate_impact>=0.8"), counts, audit(counts))
    >>> print(checks_as_markdown(result.table))
    ### Fairness gate: fail
    <BLANKLINE>
    1 check: 1 failed.
    <BLANKLINE>
    | check | groups | value and 95 % interval | rows | result |
    | :--- | :--- | :--- | ---: | :--- |
    | `disparate_impact>=0.8` | `sex: Male against Female` | 3.333 (2.785 to 4.018) | 800 | **failed** |
    """
    verdicts = [Verdict(each) for each in table["verdict"]]
    parts = [f"{verdicts.count(each)} {_RESULTS[each]}" for each in Verdict if each in verdicts]
    usual = bool((table["confidence"] == 0.95).all())
    heads = ["check", "groups", f"value and {'95 % ' if usual else ''}interval", "rows", "result"]
    lines = [
        f"### Fairness gate: {overall(verdicts).words}",
        "",
        f"{n_of(len(verdicts), 'check')}: {', '.join(parts)}.",
        "",
        f"| {' | '.join(heads)} |",
        "| :--- | :--- | :--- | ---: | :--- |",
    ]
    needed = []
    for row in table.to_dict("records"):
        verdict = Verdict(row["verdict"])
        groups = _groups(row)
        result = _RESULTS[verdict]
        cells = [
            _code(row["term"]),
            _code(groups),
            _value(row, with_level=not usual),
            "hidden" if pd.isna(row["n"]) else f"{row['n']:,.0f}",
            result if verdict is Verdict.PASS else f"**{result}**",
        ]
        lines.append(f"| {' | '.join(cells)} |")
        if said := row.get("rows_needed"):
            needed.append(f"- {_code(f'{row["term"]}, {groups}')}: {_code(said)}")
    if needed:
        lines += ["", ABOUT_ROWS_NEEDED, "", *needed]
    return "\n".join(lines)


def _groups(row: dict[Any, Any]) -> str:
    """Return the groups of a check in words."""
    if not row["protected"]:
        return "all rows"
    against = f" against {row['group_b']}" if row["group_b"] else ""
    return f"{row['protected']}: {row['group_a']}{against}"


def _value(row: dict[Any, Any], *, with_level: bool) -> str:
    """Return the value, the interval and the reason of a check, as far as there are any."""
    value, low, high = (float(row[name]) for name in ("value", "ci_low", "ci_high"))
    said = []
    if has_only_upper_limit(str(row["term"]).partition("<=")[0]) and not math.isnan(high):
        said.append(f"{value:z.3f} (at most {high:z.3f})")
    elif not math.isnan(value):
        said.append(with_interval(value, low, high))
    if with_level and said:
        said.append(f"{100 * row['confidence']:.4g} %")
    return "; ".join([*said, *([_code(row["reason"])] if row["reason"] else [])])


def _code(text: str) -> str:
    """Return a text as code that is one cell of a table."""
    plain = shortened(" ".join(str(text).split()), _LONGEST).replace("`", "'")
    return f"`{plain}`".replace("|", "\\|")
