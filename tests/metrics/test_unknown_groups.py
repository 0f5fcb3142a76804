"""Bounds for unknown protected values, checked with every possible assignment of the rows."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairrun.errors import RequestError
from fairrun.groups import ProtectedColumn
from fairrun.metrics import BIAS_METRICS, Counts, WeightedCounts, hidden_groups
from fairrun.metrics.unknown_groups import (
    measure_unknown_groups,
    show_unknown_groups,
    unknown_groups,
)

SEX = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
RACE = ProtectedColumn("race", ("White", "Black", "Other"), ("White",), ("Black",))
COMPARED = [name for name, metric in BIAS_METRICS.items() if metric.kind != "other"]


def every_value(metric, two, unknown, *, neither):
    """Return the metric for every assignment of the unknown rows; x / 0 is infinite."""
    ways = []
    for n in unknown.ravel():
        ends = [(i, n - i) for i in range(n + 1)]
        ways.append([(i, j) for i in range(n + 1) for j in range(n + 1 - i)] if neither else ends)
    chosen = np.array([*product(*ways)]).reshape(-1, 2, 2, 2)
    tables = two + np.moveaxis(chosen, -1, 1)
    values = metric.function(tables)
    if metric.kind == "ratio":
        rates = metric.rates[0](tables)
        values = np.where((rates[:, 1] == 0) & (rates[:, 0] > 0), np.inf, values)
    return values


cells = st.lists(st.integers(0, 4), min_size=4, max_size=4)


@given(cells, cells, st.lists(st.integers(0, 3), min_size=4, max_size=4), st.booleans())
@settings(max_examples=60, deadline=None)
def test_bounds_are_the_extremes_of_all_assignments(a, b, u, neither):
    table = np.array([a, b, *([[0] * 4] if neither else []), u]).reshape(-1, 2, 2)
    if not table[-1].any():
        return
    column = RACE if neither else SEX
    found = unknown_groups(Counts((column,), table)).table.set_index("metric")
    for name in COMPARED:
        row, metric = found.loc[name], BIAS_METRICS[name]
        values = every_value(metric, table[:2], table[-1], neither=neither)
        if "no row that counts here" in row["reason"]:
            assert min(rate.size(table[:2]).min() for rate in metric.rates) == 0
            assert np.isnan([row["lower"], row["upper"]]).all()
        elif np.isnan(values).all():
            assert np.isnan([row["lower"], row["upper"]]).all()
            assert row["reason"]
        else:
            assert row["lower"] == pytest.approx(np.nanmin(values))
            assert row["upper"] == pytest.approx(np.nanmax(values))
            assert row["ci_low"] <= row["lower"] <= row["upper"] <= row["ci_high"]


def test_the_interval_holds_the_true_value_whatever_hides_the_groups():
    rng = np.random.default_rng(0)
    n, missed = 400, 0
    for _ in range(200):
        sex = rng.integers(0, 2, n)
        selected = rng.random(n) < np.where(sex == 0, 0.5, 0.35)
        # Selected men and rejected women do not say their sex: the worst case.
        hidden = (selected == (sex == 0)) & (rng.random(n) < 0.3)
        positions = np.where(hidden, -1, sex)
        row = measure_unknown_groups(
            pd.DataFrame(index=range(n)), [], [SEX], [positions], None, selected
        ).table.iloc[0]
        missed += not row["ci_low"] <= 0.15 <= row["ci_high"]
        assert row["known"] < row["upper"]
    assert missed / 200 <= 0.05


def test_weighted_bounds_are_those_of_repeated_rows():
    rng = np.random.default_rng(1)
    table = rng.integers(4, 40, (3, 2, 2))
    cell = np.repeat(np.arange(12), table.ravel())
    position, label, prediction = np.unravel_index(cell, (3, 2, 2))
    position = np.where(position == 2, -1, position)
    weighted = WeightedCounts.from_arrays(
        [SEX], [position], label, prediction, np.full(len(cell), 3.0)
    )
    plain = unknown_groups(Counts((SEX,), table)).table
    found = unknown_groups(weighted).table
    assert np.allclose(plain[["lower", "upper", "known"]], found[["lower", "upper", "known"]])
    assert (plain["n_unknown"] == found["n_unknown"]).all()
    assert np.allclose(plain["ci_low"], found["ci_low"], atol=0.01)


def test_a_column_without_unknown_rows_has_no_bounds():
    found = unknown_groups(Counts((SEX,), [[[5, 1], [2, 4]], [[6, 0], [1, 3]], [[0, 0]] * 2]))
    assert found.table.empty
    assert found.shares == {"sex": 0.0}


def test_clusters_have_bounds_without_limits_and_a_reason():
    found = measure_unknown_groups(
        pd.DataFrame(index=range(90)),
        [],
        [SEX],
        [np.tile([0, 1, -1], 30)],
        None,
        np.tile([1, 0, 1, 0, 1, 1], 15),
        cluster=np.arange(90) // 3,
    ).table
    assert found[["lower", "upper"]].notna().all(axis=None)
    assert found["ci_low"].isna().all()
    assert found["reason"].str.contains("clusters").all()


def test_few_unknown_rows_are_not_given_away():
    table = [[[50, 10], [20, 40]], [[60, 9], [10, 30]], [[1, 1], [0, 1]]]
    counts = Counts((SEX,), table)
    shown = show_unknown_groups(unknown_groups(counts), hidden_groups(counts)).table
    assert shown["known"].notna().all()
    assert shown[["lower", "upper", "ci_low", "ci_high"]].isna().all(axis=None)
    assert shown["reason"].str.startswith("hidden: fewer than 5 rows").all()
    assert shown["n_unknown"].isna().all()


# ---- membership probabilities


def simulated(rng, n=4000, *, independent=True):
    """Rows whose group is known by its probability alone, and the true difference."""
    p = rng.beta(0.6, 0.6, n)
    in_a = rng.random(n) < p
    rate = 0.3 + 0.4 * p + (0.0 if independent else 0.2) * in_a
    selected = (rng.random(n) < rate).astype(int)
    return p, in_a, selected


def with_membership(p, positions, selected, **more):
    frame = pd.DataFrame({"p_male": p})
    return measure_unknown_groups(
        frame, ["p_male"], [SEX], [positions], None, selected, **more
    ).table.set_index("metric")


def test_the_weighted_estimate_covers_under_its_assumption():
    rng = np.random.default_rng(2)
    # E[rate | a] − E[rate | b] = 0.4 (E[p²] / E[p] − E[p (1 − p)] / E[1 − p]) for this beta.
    true = 0.4 * (1 - 2 * 0.6**2 / (1.2 * 2.2) * 2)
    covered = []
    for _ in range(200):
        p, _, selected = simulated(rng, 1000)
        row = with_membership(p, np.full(1000, -1), selected).loc["statistical_parity"]
        covered.append(row["membership_ci_low"] <= true <= row["membership_ci_high"])
    assert 0.91 <= np.mean(covered) <= 0.99


def test_its_error_is_the_covariance_that_the_assumption_excludes():
    p, in_a, selected = simulated(np.random.default_rng(3), 200_000, independent=False)
    row = with_membership(p, np.full(len(p), -1), selected).loc["statistical_parity"]
    true = selected[in_a].mean() - selected[~in_a].mean()
    covariance = 0.2 * np.mean(p * (1 - p))
    expected = true - covariance / p.mean() - covariance / (1 - p).mean()
    assert row["membership"] == pytest.approx(expected, abs=0.01)
    assert "covariance" in row["assumption"]


def test_known_values_count_whatever_the_probabilities_say():
    rng = np.random.default_rng(4)
    positions, selected = rng.integers(0, 2, 300), rng.integers(0, 2, 300)
    found = with_membership(np.full(300, np.nan), positions, selected)
    row = found.loc["statistical_parity"]
    assert row["membership"] == pytest.approx(row["known"])
    assert row["lower"] == row["upper"] == pytest.approx(row["known"])
    # The linearised interval is then that of two independent proportions.
    rates = [selected[positions == group] for group in (0, 1)]
    error = np.sqrt(sum(x.var() / len(x) for x in rates))
    width = row["membership_ci_high"] - row["membership_ci_low"]
    assert width == pytest.approx(2 * 1.96 * error, rel=1e-3)


def test_columns_for_values_are_summed_by_group():
    column = ProtectedColumn("race", ("White", "Black", "Other"), ("White",), ("Black", "Other"))
    rng = np.random.default_rng(5)
    p = rng.dirichlet([1, 1, 1], 400)
    frame = pd.DataFrame(p, columns=["w", "b", "o"])
    selected = rng.integers(0, 2, 400)
    args = ([column], [np.full(400, -1)], None, selected)
    by_value = measure_unknown_groups(frame, ["White:w", "Black:b", "Other:o"], *args).table
    by_group = measure_unknown_groups(frame, ["w"], *args).table
    assert np.allclose(by_value["membership"], by_group["membership"])


@pytest.mark.parametrize(
    ("membership", "says"),
    [
        (["p_mal"], "not a column of the data; did you mean p_male"),
        (["Men:p_male", "Female:much"], "names no value of sex"),
        (["Male:p_mal", "Female:q"], "not a column of the data; did you mean p_male"),
        (["Male:p_male"], "has no column for one of the groups of sex"),
        (["Male:p_male", "Female:wrong"], "no number between 0 and 1 in 1 row"),
        (["Male:p_male", "Female:much"], "sum to more than 1 in 20 rows"),
    ],
)
def test_bad_probabilities_are_refused_in_a_line(membership, says):
    frame = pd.DataFrame({"p_male": [0.4] * 20, "wrong": [1.5] + [0.1] * 19, "much": [0.9] * 20})
    with pytest.raises(RequestError, match=says):
        measure_unknown_groups(frame, membership, [SEX], [np.full(20, -1)], None, [0, 1] * 10)


def test_clusters_and_few_rows_have_no_interval_of_membership():
    p, _, selected = simulated(np.random.default_rng(6), 60)
    none = np.full(60, -1)
    row = with_membership(p, none, selected, cluster=np.arange(60)).iloc[0]
    assert np.isfinite(row["membership"])
    assert np.isnan(row["membership_ci_low"])
    few = with_membership(p, none, (np.arange(60) < 3).astype(int)).iloc[0]
    assert np.isnan(few["membership_ci_low"])
