"""The results of a gate as words and notes."""

from __future__ import annotations

import numpy as np
import pytest

from fairrun.gate import GateResult, decide, parse_gate
from fairrun.groups import ProtectedColumn
from fairrun.metrics import Evaluation, evaluate_predictions, hidden_groups, show
from fairrun.pages.gate_tables import gate_hints, gate_table, tally
from tests.figures.samples import EVALUATION


@pytest.fixture(scope="module")
def hiding() -> Evaluation:
    """Three values of a column, of which the last has few rows."""
    column = ProtectedColumn("race", ("White", "Black", "Inuit"), ("White",), ("Black", "Inuit"))
    codes = np.repeat([0, 1, 2], [100, 100, 4])
    label = np.arange(204) % 3 % 2
    evaluation = evaluate_predictions([column], [codes], label, label, label * 0.5)
    return show(evaluation, hidden_groups(evaluation.counts, 5))


def judged(evaluation: Evaluation, gate: str) -> GateResult:
    return decide(parse_gate(gate), evaluation.counts, evaluation.audit).shown(evaluation.hidden)


@pytest.mark.parametrize(
    ("gate", "words"),
    [
        ("accuracy>=0.1", "1 check: 1 passed."),
        ("accuracy>=0.1; accuracy>=0.999", "2 checks: 1 failed, 1 passed."),
        (
            "accuracy>=0.1; accuracy>=0.999; accuracy>=0.1 @ sex; min_count=5000",
            "4 checks: 4 had too little data to decide.",
        ),
    ],
)
def test_the_checks_are_counted_in_words(gate: str, words: str) -> None:
    assert tally(judged(EVALUATION, gate)) == words


def test_each_check_links_to_its_metric_and_says_what_rows_are() -> None:
    table = gate_table(judged(EVALUATION, "accuracy>=0.1; abroca<=0.5 @ sex"))
    assert [row[0].word for row in table.rows] == ["accuracy", "abroca"]
    assert table.columns[-1] == "rows"
    assert table.note.startswith("Rows: how many rows the checked rate is computed from.")


def test_a_hidden_pair_comes_with_the_term_for_the_declared_groups(
    hiding: Evaluation,
) -> None:
    result = judged(hiding, "disparate_impact>=0.8; min_count=1")
    assert all(np.isnan(each.value) for each in result.judgements)
    (hint,) = gate_hints(hiding, result)
    assert "check White against not White alone" in hint
    assert "disparate_impact>=0.8 @ race [privileged vs unprivileged]" in hint
    asked = judged(hiding, "disparate_impact>=0.8 @ race [privileged vs unprivileged]")
    assert not gate_hints(hiding, asked)
    assert not np.isnan(asked.judgements[0].value)
    assert not gate_hints(hiding, judged(hiding, "accuracy>=0.1 @ race"))
