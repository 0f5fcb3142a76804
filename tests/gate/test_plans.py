"""A plan says how many rows decide, and what it cannot plan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fairrun.errors import RequestError
from fairrun.gate import Verdict, decide, parse_gate, parse_plan, plan_rows, read_plan
from fairrun.groups import ProtectedColumn
from fairrun.metrics import Counts, audit

PLAN = "sex: Male 5000 at 0.3, Female 2000 at 0.27"
YAML = """\
sex:
  Male: {rows: 800, base_rate: 0.3, true_positive_rate: 0.6, false_positive_rate: 0.1}
  Female: {rows: 600, base_rate: 0.2, true_positive_rate: 0.55, false_positive_rate: 0.08}
"""


def test_the_power_is_the_share_of_samples_that_are_decided() -> None:
    gate = parse_gate("disparate_impact>=0.8")
    table = plan_rows(parse_plan(PLAN), gate)
    assert table["power"].nunique() == 1
    rng = np.random.default_rng(0)
    column = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    passed = 0
    for _ in range(100):
        selected = rng.binomial([5000, 2000], [0.3, 0.27])
        cells = [[[n - s, s], [0, 0]] for n, s in zip([5000, 2000, 0], [*selected, 0], strict=True)]
        counts = Counts((column,), cells)
        audited = audit(counts, n_replicates=20)
        passed += decide(gate, counts, audited, say_rows_needed=False).verdict is Verdict.PASS
    assert passed / 100 == pytest.approx(table["power"].iloc[0], abs=0.12)


def test_more_rows_are_needed_than_planned_exactly_if_the_power_is_small() -> None:
    gate = parse_gate("disparate_impact>=0.8; statistical_parity<=0.05; selection_rate<=0.4")
    table = plan_rows(parse_plan(PLAN), gate)
    assert ((table["rows_needed"] > table["planned_rows"]) == (table["power"] < 0.79)).all()
    assert table.loc[table["group"] == "(all)", "planned_rows"].tolist() == [7000]


def test_groups_of_equal_size_are_planned_without_numbers_of_rows() -> None:
    table = plan_rows(parse_plan("sex: a at 0.3, b at 0.28"), parse_gate("disparate_impact>=0.8"))
    assert table["rows_needed"].nunique() == 1
    assert "power" not in table
    assert "planned_rows" not in table


def test_a_value_at_the_limit_needs_no_number_of_rows() -> None:
    table = plan_rows(parse_plan("sex: a at 0.3, b at 0.2"), parse_gate("statistical_parity<=0.1"))
    assert table["rows_needed"].isna().all()
    assert table["rows_needed_halfway"].notna().all()


def test_a_file_has_the_rates_of_labels(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(YAML, encoding="utf-8")
    gate = parse_gate("accuracy>=0.8 @ sex; equality_of_opportunity_difference<=0.1")
    table = plan_rows(read_plan(str(path)), gate)
    # 0.3 · 0.6 + 0.7 · 0.9, 0.2 · 0.55 + 0.8 · 0.92, and 0.6 − 0.55
    assert table["value"].tolist() == pytest.approx([0.81, 0.846, 0.05, 0.05], abs=1e-5)
    assert table["group"].tolist() == ["Male", "Female"] * 2


@pytest.mark.parametrize(
    ("plan", "gate", "message"),
    [
        ("", "disparate_impact>=0.8", "the plan is empty"),
        ("Male 500 at 0.3", "disparate_impact>=0.8", "is not a plan of a column"),
        ("sex: Male 500 at 0.3", "disparate_impact>=0.8", "give two or more"),
        ("sex: a at 0.3, a at 0.2", "disparate_impact>=0.8", "each once"),
        ("sex: a 5 at 0.3, b at 0.2", "disparate_impact>=0.8", "only some groups of sex"),
        ("sex: a 0 at 0.3, b 5 at 0.2", "disparate_impact>=0.8", "the rows of a are not a whole"),
        ("sex: a at 1, b at 0.2", "disparate_impact>=0.8", "the selection_rate of a is not a rate"),
        ("sex: a at 0.3, b at x", "disparate_impact>=0.8", "the selection_rate of b is not a rate"),
        (PLAN + ";" + PLAN, "disparate_impact>=0.8", "the column sex twice"),
        (PLAN, "accuracy>=0.8", "accuracy>=0.8 needs labels; give base_rate"),
        (PLAN, "roc_auc>=0.8", "roc_auc>=0.8 cannot be planned"),
        (PLAN, "disparate_impact>=0.8 @ race", "names 'race'"),
        (PLAN, "disparate_impact>=0.8 [privileged vs unprivileged]", "compares declared groups"),
        (PLAN + "; race: x at 0.1, y at 0.2", "disparate_impact>=0.8 @ sex:race", "a crossing"),
    ],
)
def test_what_cannot_be_planned_is_refused(plan: str, gate: str, message: str) -> None:
    with pytest.raises(RequestError) as refused:
        plan_rows(parse_plan(plan), parse_gate(gate))
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- sex", "holds no plan"),
        ("sex: {a: 1}", "holds no plan"),
        ("sex: {a: {row: 5, selection_rate: 0.1}}", "unknown key row; did you mean rows"),
        ("sex: {a: {rows: 5, base_rate: 0.1}}", "the rates base_rate; give selection_rate, or"),
        ("sex: {a: {rows: true, selection_rate: 0.1}}", "the rows of a are not a whole number"),
        ("sex: {a: {selection_rate: true}}", "the selection_rate of a is not a rate"),
    ],
)
def test_a_file_without_a_plan_is_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RequestError) as refused:
        read_plan(str(path))
    assert message in str(refused.value)
