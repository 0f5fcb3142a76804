"""Tests of given subgroups: p values, intervals and their adjustment."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import false_discovery_control, fisher_exact

from fairrun.metrics.binomial import clopper_pearson_limits
from fairrun.metrics.closed_form import difference_of
from fairrun.metrics.rates import Rate, accuracy, selection_rate, true_positive_rate
from fairrun.metrics.subgroup_confirm import Comparisons, adjusted, compare_with_rest
from fairrun.metrics.subgroup_rows import ScannedRows


def rows_of(tables: Any) -> tuple[ScannedRows, Any]:
    """Rows that have given counts: in the subgroup or not × label × prediction."""
    cells = np.indices((2, 2, 2)).reshape(3, -1)
    own, label, prediction = np.repeat(cells, np.asarray(tables).ravel(), axis=1)
    return ScannedRows((), (2 * label + prediction).astype(np.uint8)), own == 1


def compare(rows: ScannedRows, own: Any, rate: Rate = selection_rate, sign: float = 1) -> Any:
    return compare_with_rest(rows, [rate], [own], [sign])


tables = arrays(np.int64, (2, 2, 2), elements=st.integers(1, 60))


@given(tables, st.sampled_from([selection_rate, true_positive_rate, accuracy]))
@settings(max_examples=60, deadline=None)
def test_a_p_value_is_the_level_at_which_the_interval_excludes_0(table: Any, rate: Rate) -> None:
    rows, own = rows_of(table)
    for sign in (1.0, -1.0):
        compared: Comparisons = compare(rows, own, rate, sign)
        (p,) = compared.p
        assert compared.difference[0] == pytest.approx(
            float(rate(np.asarray(table[1]))) - float(rate(np.asarray(table[0])))
        )
        if p == 1:  # the difference has the other sign, or is within what chance does
            low, high = compared.limits(0.5)
            assert (low if sign > 0 else -high) <= 0
            continue
        for times, excluded in ((0.99, False), (1.01, True)):
            low, high = compared.limits(min(times * p / 2, 0.5))
            if times * p > 1e-12:
                assert ((low if sign > 0 else -high)[0] > 0) == excluded


@given(tables)
@settings(max_examples=60, deadline=None)
def test_a_p_value_is_larger_than_fishers_one_sided_one(table: Any) -> None:
    rows, own = rows_of(table)
    selected = table.sum(axis=1)[::-1, ::-1]  # subgroup first, selected first
    for sign, side in ((1.0, "greater"), (-1.0, "less")):
        (p,) = compare(rows, own, selection_rate, sign).p
        exact = fisher_exact(selected, alternative=side).pvalue
        assert p >= min(1.0, 1.2 * exact) or p == 1e-12


def test_the_smallest_p_value_is_a_round_number() -> None:
    rows, own = rows_of([[[9000, 1000], [1, 1]], [[1000, 9000], [1, 1]]])
    assert compare(rows, own).p.tolist() == [1e-12]
    assert compare(rows, own, sign=-1).p.tolist() == [1.0]


def test_limits_combine_those_of_both_rates() -> None:
    rows, own = rows_of([[[30, 20], [10, 40]], [[5, 15], [10, 10]]])
    low, high = compare(rows, own).limits(0.01)
    parts = [
        (np.array(x / n), *clopper_pearson_limits(x, n, 0.01)) for x, n in ((25, 40), (60, 100))
    ]
    assert (low[0], high[0]) == pytest.approx(difference_of([(parts[0], parts[1])]))


def test_rows_of_weight_1_are_rows_and_clusters_of_one_row_nearly_so() -> None:
    rows, own = rows_of([[[300, 200], [100, 400]], [[50, 150], [100, 100]]])
    n = len(rows.cell)
    (p,) = compare(rows, own, accuracy, -1).p
    weighted = ScannedRows((), rows.cell, np.ones(n))
    assert compare(weighted, own, accuracy, -1).p[0] == pytest.approx(p, rel=1e-6)
    clustered = ScannedRows((), rows.cell, None, np.arange(n))
    assert compare(clustered, own, accuracy, -1).p[0] == pytest.approx(p, rel=0.1)
    both = ScannedRows((), rows.cell, np.full(n, 3.0), np.arange(n))
    assert compare(both, own, accuracy, -1).p[0] == pytest.approx(p, rel=0.1)


def test_doubled_rows_in_clusters_are_as_good_as_single_ones() -> None:
    rows, own = rows_of([[[300, 200], [100, 400]], [[50, 150], [100, 100]]])
    clusters = np.repeat(np.arange(len(own)), 2)
    doubled = ScannedRows((), np.repeat(rows.cell, 2), None, clusters)
    once = compare(ScannedRows((), rows.cell, None, np.arange(len(own))), own)
    twice = compare(doubled, np.repeat(own, 2))
    assert twice.p[0] == pytest.approx(once.p[0], rel=0.02)
    assert compare(ScannedRows((), doubled.cell), np.repeat(own, 2)).p[0] < once.p[0]


def test_what_cannot_be_compared_has_a_reason() -> None:
    rows, own = rows_of([[[300, 200], [100, 400]], [[50, 150], [0, 0]]])
    compared = compare(rows, own, true_positive_rate)
    assert compared.reasons == ("no row of the subgroup has label 1",)
    assert np.isnan(compared.p[0])
    assert np.isnan(compared.limits(0.01)).all()
    weight = np.ones(len(own))
    weight[-3:] = 60  # three rows of the subgroup carry half of its weight
    uneven = ScannedRows((), rows.cell, weight)
    (reason,) = compare(uneven, own).reasons
    assert reason.startswith("selection_rate of the subgroup has no interval, because a few rows")


@given(arrays(np.float64, st.integers(1, 30), elements=st.floats(0, 1)))
def test_q_values_are_scipys(p: Any) -> None:
    assert adjusted(p) == pytest.approx(false_discovery_control(p))


def test_an_unknown_p_value_counts_as_1() -> None:
    q = adjusted(np.array([0.01, np.nan, 0.02]))
    assert np.isnan(q[1])
    assert q[[0, 2]] == pytest.approx([0.03, 0.03])
