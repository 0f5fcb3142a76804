"""Whether rows show that a constraint is kept, and how probable it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from fairrun.errors import RequestError
from fairrun.gate import check_constraint, parse_gate, probability_kept
from fairrun.groups import ProtectedColumn
from fairrun.metrics import Counts, WeightedCounts, audit

SEX = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
RACE = ProtectedColumn("race", ("White", "Black", "Other"), ("White",), ("Black",))


def counts_of(column: ProtectedColumn, *groups: tuple[int, float]) -> Counts:
    """Counts of groups with (rows, rate): half of the rows have label 1, both labels one rate."""
    rates = np.array([rate for _, rate in groups])[:, None]
    half = np.array([n / 2 for n, _ in groups])[:, None]
    of_label = np.concatenate([half * (1 - rates), half * rates], axis=1).round()
    table = np.stack([of_label, of_label], axis=1).astype(int)
    return Counts((column,), np.concatenate([table, np.zeros((1, 2, 2), int)]))


@pytest.mark.parametrize(
    "text",
    [
        "statistical_parity<=0.05 @ sex [privileged vs unprivileged]",
        "average_odds_difference<=0.05",
        "equality_of_opportunity_difference<=0.05; statistical_parity<=0.2",
    ],
)
@given(rate=st.floats(0.3, 0.6), n=st.integers(4000, 20_000))
@settings(max_examples=15)
def test_it_is_near_one_inside_near_zero_outside_and_half_on_the_edge(
    text: str, rate: float, n: int
) -> None:
    gate = parse_gate(text)
    inside, edge, outside = (
        probability_kept(gate, counts_of(SEX, (n, rate), (n, rate + apart)))
        for apart in (0, 0.05, 0.12)
    )
    assert inside > 0.97
    assert outside < 0.02
    # Rounding the counts moves the difference by up to 1 / n, a tenth of a standard error.
    assert 0.4 < edge < 0.6


@given(rate=st.floats(0.3, 0.6), n=st.integers(4000, 20_000))
@settings(max_examples=15)
def test_the_edge_of_a_ratio_is_half_in_both_directions(rate: float, n: int) -> None:
    gate = parse_gate("disparate_impact>=0.8")
    for groups in [((n, rate), (n, 0.8 * rate)), ((n, 0.8 * rate), (n, rate))]:
        assert 0.4 < probability_kept(gate, counts_of(SEX, *groups)) < 0.6


@given(difference=st.floats(-0.1, 0.1))
@settings(max_examples=25)
def test_it_is_the_normal_probability_where_that_is_exact(difference: float) -> None:
    counts = counts_of(SEX, (2000, 0.5), (1000, 0.5 + difference))
    rates = counts.table[:2].sum(axis=1)[:, 1] / (2000, 1000)
    value, error = rates[0] - rates[1], np.sqrt((rates * (1 - rates) / (2000, 1000)).sum())
    expected = norm.cdf((0.05 - value) / error) - norm.cdf((-0.05 - value) / error)
    found = probability_kept(parse_gate("statistical_parity<=0.05"), counts)
    assert found == pytest.approx(expected, abs=0.03)


def test_a_small_group_makes_it_small_and_an_absent_one_is_left_out() -> None:
    gate = parse_gate("statistical_parity<=0.05")
    large = [(10_000, 0.4), (10_000, 0.4)]
    assert probability_kept(gate, counts_of(RACE, *large, (6, 0.4))) < 0.3
    assert probability_kept(gate, counts_of(RACE, *large, (0, 0.4))) > 0.97
    assert np.isnan(probability_kept(gate, counts_of(SEX, (10, 0.5), (0, 0.5))))


def test_weights_count_as_their_effective_number_of_rows() -> None:
    rng = np.random.default_rng(0)
    n = 4000
    sex, label, predicted = (rng.integers(0, 2, n) for _ in range(3))
    gate = parse_gate("statistical_parity<=0.02")
    plain = probability_kept(gate, Counts.from_arrays([SEX], [sex], label, predicted))
    same = WeightedCounts.from_arrays([SEX], [sex], label, predicted, np.full(n, 3.0))
    assert probability_kept(gate, same) == pytest.approx(plain, abs=1e-9)
    heavy = np.where(rng.random(n) < 0.02, 100.0, 1.0)
    wide = WeightedCounts.from_arrays([SEX], [sex], label, predicted, heavy)
    assert probability_kept(gate, wide) < plain - 0.2


@pytest.mark.parametrize("text", ["accuracy>=0.8", "accuracy>=0.8 @ sex", "cohen_d<=0.2"])
def test_a_term_that_compares_no_rates_has_no_probability(text: str) -> None:
    with pytest.raises(RequestError, match="is not defined"):
        probability_kept(parse_gate(text), counts_of(SEX, (100, 0.5), (100, 0.5)))


@pytest.mark.parametrize(
    ("groups", "kept"),
    [
        (((5000, 0.4), (5000, 0.41)), "kept"),
        (((5000, 0.4), (5000, 0.5)), "not kept"),
        (((500, 0.4), (500, 0.41)), "not shown"),
        (((5000, 0.4), (20, 0.4)), "not shown"),
    ],
)
def test_the_words_follow_the_verdict(groups: tuple[tuple[int, float], ...], kept: str) -> None:
    counts = counts_of(SEX, *groups)
    found = check_constraint("statistical_parity<=0.05", "sex", counts, audit(counts))
    assert found.kept == kept
    assert f"On these rows: {kept} (sex " in str(found)
    if groups[1][0] == 20:
        assert "selection_rate has 20 rows, fewer than min_count=30" in str(found)


def test_only_the_column_and_the_values_of_the_method_are_checked() -> None:
    """Other is in neither group, and sex is not the column that the method was fitted with."""
    of_race = counts_of(RACE, (5000, 0.4), (5000, 0.4), (5000, 0.8)).table
    table = np.stack([of_race, of_race // 9, 0 * of_race], axis=1)
    counts = Counts((RACE, SEX), table)
    found = check_constraint("statistical_parity<=0.05", "race", counts, audit(counts))
    assert found.kept == "kept"
    assert {(j.protected, j.group_a, j.group_b) for j in found.result.judgements} == {
        ("race", "White", "Black")
    }
    assert found.probability > 0.97
    everything = parse_gate("statistical_parity<=0.05 @ race")
    assert probability_kept(everything, counts) == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("statistical_parity<=0.001", True),
        ("disparate_impact>=0.999", True),
        ("statistical_parity<=0.05", False),
        ("disparate_impact>=0.8", False),
    ],
)
def test_the_smallest_tolerance_is_said(text: str, said: bool) -> None:
    """A method with tolerance=0 is judged at 0.001."""
    counts = counts_of(SEX, (5000, 0.5), (5000, 0.5))
    found = check_constraint(text, "sex", counts, audit(counts))
    assert (f"{text} (a tolerance below 0.001 is judged as this)" in str(found)) is said


@pytest.mark.parametrize(("apart", "said"), [(0.0, "above 0.99"), (0.3, "below 0.01")])
def test_a_probability_is_neither_0_nor_1(apart: float, said: str) -> None:
    counts = counts_of(SEX, (5000, 0.5), (5000, 0.5 - apart))
    found = check_constraint("statistical_parity<=0.1", "sex", counts, audit(counts))
    assert f"; probability {said})." in str(found)


def test_differences_are_said_with_their_sign() -> None:
    counts = counts_of(SEX, (5000, 0.5), (5000, 0.4))
    said = str(check_constraint("statistical_parity<=0.05", "sex", counts, audit(counts)))
    assert "sex Male against Female: +0.100, +0.08" in said
    counts = counts_of(SEX, (5000, 0.4), (5000, 0.5))
    ratio = str(check_constraint("disparate_impact>=0.95", "sex", counts, audit(counts)))
    assert "sex Male against Female: 0.800, 0.7" in ratio
