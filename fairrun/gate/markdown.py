"""The checks of a gate as Markdown, for a comment on a pull request or the summary of a job."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from fairrun.errors import RequestError
from fairrun.gate.judgements import Judgement, Verdict
from fairrun.gate.needed import ABOUT_ROWS_NEEDED
from fairrun.gate.stored import result_from_table
from fairrun.text import n_of, shortened

__all__ = ["checks_as_markdown", "read_checks"]

_RESULTS = {
    Verdict.FAIL: "failed",
    Verdict.INSUFFICIENT_EVIDENCE: "too little data",
    Verdict.PASS: "passed",
}
#: The confidence level that is not said.
_USUAL = 0.95
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
        result_from_table(table)
    # A file that somebody changed can hold anything in any place.
    except (KeyError, TypeError, ValueError, RequestError) as error:
        counts = isinstance(document, dict) and "kind" in document
        with_gate = "; with counts.json, give the gate, too" if counts else ""
        raise RequestError(f"{path} holds no checks of a gate; {where}{with_gate}") from error
    return table


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
    >>> result = decide(parse_gate("accuracy>=0.9"), counts, audit(counts))
    >>> print(checks_as_markdown(result.table))
    ### Fairness gate: fail
    <BLANKLINE>
    1 check: 1 failed.
    <BLANKLINE>
    | check | groups | value and interval | rows | result |
    | :--- | :--- | :--- | ---: | :--- |
    | `accuracy>=0.9` | `all rows` | 0.790, 0.771 to 0.808 | 2,000 | **failed** |
    """
    result = result_from_table(table)
    verdicts = [each.verdict for each in result.judgements]
    parts = [f"{verdicts.count(each)} {_RESULTS[each]}" for each in Verdict if each in verdicts]
    lines = [
        f"### Fairness gate: {result.verdict.words}",
        "",
        f"{n_of(len(verdicts), 'check')}: {', '.join(parts)}.",
        "",
        "| check | groups | value and interval | rows | result |",
        "| :--- | :--- | :--- | ---: | :--- |",
    ]
    needed = []
    said = table.get("rows_needed", pd.Series("", table.index))
    for each, rows_needed in zip(result.judgements, said, strict=True):
        word = _RESULTS[each.verdict]
        cells = [
            _code(str(each.term)),
            _code(each.subject),
            _measured(each),
            each.rows,
            word if each.verdict is Verdict.PASS else f"**{word}**",
        ]
        lines.append(f"| {' | '.join(cells)} |")
        if rows_needed:
            needed.append(f"- {_code(f'{each.term}, {each.subject}')}: {_code(rows_needed)}")
    if needed:
        lines += ["", ABOUT_ROWS_NEEDED, "", *needed]
    return "\n".join(lines)


def _measured(judgement: Judgement) -> str:
    """Return the value, the interval and the reason of a check, as far as there are any."""
    value = replace(judgement, reason="").measured
    level = f"({judgement.level})" if judgement.confidence != _USUAL else ""
    reason = _code(judgement.reason) if judgement.reason else ""
    return " ".join(filter(None, (value, level, reason)))


def _code(text: str) -> str:
    """Return a text as code that is one cell of a table."""
    plain = shortened(" ".join(text.split()), _LONGEST).replace("`", "'")
    return f"`{plain}`".replace("|", "\\|")
