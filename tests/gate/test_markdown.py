"""The checks of a gate as Markdown, which repeat the result and cannot be markup of the data."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fairrun.gate import checks_as_markdown, decide, parse_gate, read_checks
from fairrun.groups import ProtectedColumn
from fairrun.metrics import Counts, audit, hidden_groups

STRANGE = "a|b `c` <img src=x> @everybody\n# [d](http://e)"
COLUMN = ProtectedColumn("group", (STRANGE, "others"), (STRANGE,), ("others",))
COUNTS = Counts((COLUMN,), [[[500, 100], [200, 400]], [[60, 2], [10, 8]], [[0, 0]] * 2])


def markdown(gate: str, counts: Counts = COUNTS) -> str:
    return checks_as_markdown(decide(parse_gate(gate), counts, audit(counts)).table)


def test_a_name_from_the_data_is_code_in_one_cell() -> None:
    text = markdown("statistical_parity<=0.4; accuracy>=0.7 @ group")
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert len(rows) == 3
    for row in rows:
        # Five cells: no pipe of a name divides one, and what is between backticks is code.
        assert row.replace("\\|", "").count("|") == 6
        plain = "".join(row.split("`")[::2])
        assert not set("<@#[") & set(plain)
    assert text.count("\n#") == 0


def test_every_check_has_its_verdict_and_the_first_line_has_that_of_the_gate() -> None:
    result = decide(
        parse_gate("statistical_parity<=0.4; accuracy>=0.7; accuracy>=0.76; accuracy>=0.9"),
        COUNTS,
        audit(COUNTS),
    )
    lines = checks_as_markdown(result.table).splitlines()
    assert lines[0] == f"### Fairness gate: {result.verdict.words}"
    assert lines[2] == "4 checks: 1 failed, 1 too little data, 2 passed."
    words = [line.split("|")[-2].strip(" *") for line in lines if line.startswith("| `")]
    expected = {"pass": "passed", "fail": "failed", "insufficient_evidence": "too little data"}
    assert words == [expected[str(each.verdict)] for each in result.judgements]
    for line, each in zip(lines[6:], result.judgements, strict=False):
        assert each.measured in line
    assert "as measured" in lines[-1]


def test_what_is_hidden_stays_hidden() -> None:
    counts = Counts((COLUMN,), [[[500, 100], [200, 400]], [[2, 0], [1, 0]], [[0, 0]] * 2])
    result = decide(parse_gate("statistical_parity<=0.1"), counts, audit(counts))
    text = checks_as_markdown(result.shown(hidden_groups(counts)).table)
    assert "| hidden |" in text
    assert "`hidden: fewer than 5 rows" in text


def test_levels_other_than_95_percent_are_said() -> None:
    assert "%)" not in markdown("statistical_parity<=0.4")
    assert "(97.5 %)" in markdown("accuracy>=0.5 @ group")


@pytest.mark.parametrize("weighted", [False, True])
def test_a_table_is_read_as_it_was_logged(weighted: bool, tmp_path: Path) -> None:
    gate = parse_gate("statistical_parity<=0.4; accuracy>=0.76")
    table = decide(gate, COUNTS, audit(COUNTS)).table
    if weighted:
        table.insert(5, "effective_n", [40.5, np.nan])
    document = json.loads(table.to_json(orient="split", index=False))
    path = tmp_path / "gate.json"
    path.write_text(json.dumps(document), "utf-8")
    assert checks_as_markdown(read_checks(str(path))) == checks_as_markdown(table)
