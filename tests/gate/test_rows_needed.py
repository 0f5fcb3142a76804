"""With the rows that a check is said to need, it is decided in about 80 % of samples."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from fairrun.gate import GateResult, Judgement, Verdict, decide, parse_gate
from fairrun.gate.power import shares_at
from fairrun.gate.rows_needed import case_of, rows_to_judge
from fairrun.groups import ProtectedColumn
from fairrun.metrics import (
    BIAS_METRICS,
    Counts,
    Hidden,
    WeightedCounts,
    audit,
    audit_scores,
    hidden_groups,
    values_of,
)
from tests.metrics.samples import COLUMNS, draw_people

FEW = {"n_replicates": 20}


def column(n_groups: int) -> ProtectedColumn:
    values = tuple("abcdef"[:n_groups])
    return ProtectedColumn("group", values, values[:1], values[1:])


def counts_of(*tables: list[list[int]]) -> Counts:
    return Counts((column(len(tables)),), [*tables, [[0, 0], [0, 0]]])


def decided(gate: str, counts: Counts | WeightedCounts) -> GateResult:
    return decide(parse_gate(gate), counts, audit(counts, **FEW))


def only(gate: str, counts: Counts | WeightedCounts) -> Judgement:
    (judgement,) = decided(gate, counts).judgements
    return judgement


A, B, C = [[500, 60], [120, 220]], [[270, 30], [30, 70]], [[320, 40], [40, 100]]


@pytest.mark.parametrize(
    ("gate", "tables"),
    [
        ("statistical_parity<=0.1", (A, B)),
        ("accuracy>=0.8", (A, B)),
        ("disparate_impact>=0.8", (A, B, C)),
    ],
)
def test_with_these_rows_four_of_five_samples_are_decided(
    gate: str, tables: tuple[list[list[int]], ...]
) -> None:
    counts = counts_of(*tables)
    (first, *_) = decided(gate, counts).judgements
    assert first.needed is not None
    rng = np.random.default_rng(0)
    cells = np.array(tables)
    for answer in first.needed.answers:
        truth = cells / cells.sum(axis=(1, 2), keepdims=True)
        if answer.assumed != "as measured" and first.protected:
            grouping = values_of(counts.columns, "group")
            of = (first, first.needed.groups, counts, grouping, audit(counts, **FEW))
            truth = shares_at(case_of(*of, parse_gate(gate)), answer.value)
        if answer.assumed != "as measured" and not first.protected:
            continue  # the rates of the groups do not follow from the value of all rows
        n_decided = 0
        for _ in range(80):
            drawn = [
                rng.multinomial(round(answer.times * table.sum()), share.ravel()).reshape(2, 2)
                for table, share in zip(cells, truth, strict=True)
            ]
            sample = counts_of(*(each.tolist() for each in drawn))
            found = decide(parse_gate(gate), sample, audit(sample, **FEW), say_rows_needed=False)
            n_decided += found.judgements[0].verdict is answer.verdict
        # The probability that 80 samples are further off by chance is below 1 in 1,000.
        low, high = binom.interval(0.999, 80, 0.8)
        assert low <= n_decided <= high


def test_the_textbook_number_of_rows_for_a_share() -> None:
    # Fleiss, Levin and Paik (2003), chapter 2: n = ((z p0 q0^½ + z' p1 q1^½) / (p1 − p0))².
    judgement = only("accuracy>=0.8", counts_of([[100, 20], [20, 110]], [[100, 20], [25, 105]]))
    assert judgement.needed is not None
    p, q = 0.83, 0.8
    root = 1.96 * math.sqrt(q * (1 - q)) + 0.8416 * math.sqrt(p * (1 - p))
    assert judgement.needed.answers[0].rows[0] == pytest.approx((root / (p - q)) ** 2, rel=0.1)


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from([name for name, metric in BIAS_METRICS.items() if metric.of_tables is None]),
    st.floats(0.01, 0.9),
    st.integers(0, 2**32 - 1),
)
def test_the_assumed_shares_have_the_assumed_value(name: str, wanted: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = counts_of(*rng.integers(5, 200, size=(4, 2, 2)).tolist())
    is_ratio = BIAS_METRICS[name].kind == "ratio"
    gate = parse_gate(f"{name}{'>=0.8' if is_ratio else '<=0.1'}")
    audited = audit(counts, **FEW)
    judgement = decide(gate, counts, audited, say_rows_needed=False).judgements[0]
    grouping = values_of(counts.columns, "group")
    case = case_of(judgement, grouping.groups, counts, grouping, audited, gate)
    shares = shares_at(case, wanted)
    assert (shares >= 0).all()
    assert shares.sum(axis=(1, 2)) == pytest.approx(np.ones(4))
    assert BIAS_METRICS[name].function(shares[[*case.judged]]) == pytest.approx(wanted)


def test_a_value_at_the_limit_needs_no_number_of_rows() -> None:
    judgement = only("statistical_parity<=0.1", counts_of([[60, 0], [0, 40]], [[70, 0], [0, 30]]))
    assert judgement.needed is not None
    measured, halfway = judgement.needed.answers
    assert measured.rows == ()
    assert math.isinf(measured.times)
    assert "because the value is at the limit" in judgement.needed.words(measured)
    assert halfway.rows[0] > 100


def test_a_rate_of_0_needs_a_number_of_rows_although_its_lower_limit_has_no_width() -> None:
    judgement = only("true_positive_rate>=0.05", counts_of([[2, 43], [20, 0]], [[2, 3], [20, 0]]))
    assert judgement.needed is not None
    measured, halfway = judgement.needed.answers
    assert measured.verdict is Verdict.FAIL
    assert measured.rows > (70,)
    assert halfway.rows > (0,)


def test_a_decided_check_needs_nothing() -> None:
    result = decided("statistical_parity<=0.4; accuracy>=0.95", counts_of(A, B))
    assert [each.needed for each in result.judgements] == [None, None]
    assert "rows_needed" not in result.table
    assert result.rows_needed == []


def test_a_group_with_too_few_rows_gets_enough_to_be_judged() -> None:
    small = [[10, 5], [3, 2]]
    result = decided("equality_of_opportunity_difference<=0.5", counts_of(A, B, small))
    (judgement,) = (each for each in result.judgements if each.group_a == "c")
    assert judgement.needed is not None
    (n,) = judgement.needed.answers[0].rows
    # A quarter of its rows has label 1.
    assert binom.sf(29, n, 0.25) == pytest.approx(0.8, abs=0.03)
    assert "to be judged at all: about" in result.rows_needed[-1]
    assert rows_to_judge("c", 20, 0.0, 30) is None


def test_fewer_rows_decide_without_holm_and_more_with_it() -> None:
    counts = counts_of([[300, 0], [0, 200]], [[150, 0], [0, 60]])
    gate = "statistical_parity<=0.1; disparate_impact>=0.9"
    plain, holm = (decided(gate + more, counts).judgements[0] for more in ("", "; family=holm"))
    assert plain.needed is not None
    assert holm.needed is not None
    assert plain.verdict is holm.verdict is Verdict.INSUFFICIENT_EVIDENCE
    assert holm.needed.answers[0].rows > plain.needed.answers[0].rows  # to fail
    assert holm.needed.answers[1] == plain.needed.answers[1]  # to pass


def test_weighted_rows_are_counted_as_rows_and_as_effective_rows() -> None:
    counts, rng = counts_of(A, B), np.random.default_rng(0)
    cells = np.repeat(np.arange(8), np.concatenate([np.ravel(A), np.ravel(B)]))
    arrays = (counts.columns, [cells // 4], cells // 2 % 2, cells % 2)
    even = WeightedCounts.from_arrays(*arrays, weight=np.full(len(cells), 2.0))
    uneven = WeightedCounts.from_arrays(*arrays, weight=rng.choice([1.0, 4.0], len(cells)))
    plain, of_even, of_uneven = (
        only("statistical_parity<=0.1", each).needed for each in (counts, even, uneven)
    )
    assert plain is not None
    assert of_even is not None
    assert of_uneven is not None
    assert [each.rows for each in of_even.answers] == [each.rows for each in plain.answers]
    answer = of_uneven.answers[1]
    share = np.array(answer.effective) / answer.rows
    assert share == pytest.approx([0.735, 0.735], abs=0.03)  # (Σw)² / (n Σw²) of 1 and 4
    assert "(effective " in str(of_uneven)


def test_scores_use_the_width_of_their_interval() -> None:
    people = draw_people(0, 400)
    counts = Counts.from_arrays(COLUMNS, people.codes, people.y_true, people.y_pred)
    rates, _ = audit_scores(COLUMNS, people.codes, people.y_true, people.probability)
    of_labels = audit(counts, **FEW)
    audited = replace(of_labels, rates=pd.concat([of_labels.rates, rates]))
    row = rates[(rates["protected"] == "") & (rates["metric"] == "brier_score")].iloc[0]
    limit = row["value"] + (row["ci_high"] - row["value"]) / 2
    gate = parse_gate(f"brier_score<={limit}")
    (judgement,) = decide(gate, counts, audited).judgements
    assert judgement.needed is not None
    # The limit is half as far as the upper limit of the interval: 2² (1 + 0.84 / 1.96)² times.
    assert judgement.needed.answers[0].times == pytest.approx(4 * (1 + 0.8416 / 1.96) ** 2, rel=0.1)


def test_a_hidden_group_gives_no_number_of_rows() -> None:
    counts = counts_of(A, B, [[2, 1], [0, 1]])
    result = decided("statistical_parity<=0.1; min_count=1", counts)
    assert any(each.needed for each in result.judgements)
    shown = result.shown(hidden_groups(counts, 5))
    assert [each.needed for each in shown.judgements] == [None] * len(shown.judgements)
    assert "rows_needed" not in shown.table
    # The judged pair is shown, but the rows of the third group would follow from its rows.
    pair = decided("statistical_parity<=0.1", counts_of(A, B, C)).judgements[0]
    other = next(iter({"a", "b", "c"} - {pair.group_a, pair.group_b}))
    hidden = Hidden(5, groups=frozenset({("group", other)}))
    assert pair.needed is not None
    assert pair.shown(hidden) == Judgement(**{**pair.__dict__, "needed": None})
