"""The search for subgroups: what it finds, what it leaves out, and what it does not confirm."""

from __future__ import annotations

import warnings
from itertools import combinations, product
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fairrun.data.census import load_census, true_probability
from fairrun.errors import RequestError
from fairrun.metrics import MAX_DEPTH, SubgroupScan, is_hidden_reason, scan_subgroups
from fairrun.metrics.rates import accuracy, selection_rate, true_positive_rate
from fairrun.metrics.subgroup_rows import ScannedRows
from fairrun.metrics.subgroup_search import search
from fairrun.metrics.subgroup_values import code_column

NUMBERS = ["n_search", "n", "found", "rate_a", "rate_b", "value", "ci_low", "ci_high", "p_value"]


def people(seed: int, n: int = 6000) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "sex": rng.choice(["Female", "Male"], n),
            "age": rng.integers(18, 66, n),
            "region": rng.choice(["north", "south", "west"], n, p=[0.5, 0.3, 0.2]),
            "job": rng.choice(list("abcdef"), n),
            "degree": rng.choice([True, False], n),
        }
    )


def planted(frame: pd.DataFrame) -> Any:
    return ((frame["sex"] == "Female") & (frame["region"] == "south")).to_numpy()


def selections(frame: pd.DataFrame, seed: int, lower: float = 0.2) -> Any:
    chance = np.where(planted(frame), 0.5 - lower, 0.5)
    return (np.random.default_rng(seed + 1).random(len(frame)) < chance).astype(int)


@pytest.fixture(scope="module")
def scan() -> SubgroupScan:
    frame = people(0)
    return scan_subgroups(frame, None, selections(frame, 0), depth=3)


def test_the_planted_subgroup_alone_is_confirmed(scan: SubgroupScan) -> None:
    confirmed = scan.table[scan.table["confirmed"]]
    assert confirmed["group_a"].tolist() == ["sex = Female and region = south"]
    (row,) = confirmed.to_dict("records")
    assert row["protected"] == "sex:region"
    assert row["ci_low"] < -0.2 < row["ci_high"] < 0
    assert row["value"] == row["rate_a"] - row["rate_b"]
    assert scan.n_confirmed == 1


def test_the_numbers_are_those_of_the_two_halves(scan: SubgroupScan) -> None:
    frame = people(0)
    own, y = planted(frame), selections(frame, 0)
    row = scan.table.iloc[0]
    assert row["n_search"] + row["n"] == own.sum()
    rests = (scan.n_search - row["n_search"], scan.n_confirm - row["n"])
    # Selected rows of both halves, from the rates of each.
    of_search = row["found"]
    of_confirm = row["rate_a"] * row["n"]
    assert of_confirm == pytest.approx(round(of_confirm))
    in_search = y[own].sum() - of_confirm
    in_rest = y[~own].sum() - row["rate_b"] * rests[1]
    assert of_search == pytest.approx(in_search / row["n_search"] - in_rest / rests[0])


def test_labels_add_the_error_rates() -> None:
    frame = people(3)
    rng = np.random.default_rng(103)
    y_true = rng.integers(0, 2, len(frame))
    # Errors against the planted subgroup alone: its qualified people are often rejected.
    missed = planted(frame) & (rng.random(len(frame)) < 0.5)
    y_pred = np.where(missed, 0, y_true)
    table = scan_subgroups(frame, y_true, y_pred).table
    confirmed = table[table["confirmed"]].set_index("metric")
    assert set(confirmed.index) == {"selection_rate", "true_positive_rate", "accuracy"}
    assert set(confirmed["group_a"]) == {"sex = Female and region = south"}
    assert confirmed.loc["true_positive_rate", "value"] == pytest.approx(-0.5, abs=0.06)


def test_every_crossing_is_compared_and_the_best_comes_first() -> None:
    frame = people(7, 1500).drop(columns="age")
    rng = np.random.default_rng(107)
    y_true, y_pred = rng.integers(0, 2, (2, len(frame)))
    weight = rng.choice([0.5, 1.0, 3.0], len(frame))
    everybody = np.full(len(frame), True)
    for w in (None, weight):
        coded = [code_column(frame[name], everybody, 30) for name in frame]
        columns = [column for column in coded if not isinstance(column, str)]
        rows = ScannedRows(columns, (2 * y_true + y_pred).astype(np.uint8), w)
        rates = [selection_rate, true_positive_rate, accuracy]
        # The rules that leave out subgroups have tests of their own: a single value is never a
        # part of another one, so it comes first if it has the largest statistic.
        found, n = search(rows, rates, 1, 30, 1)
        _, n_of_two = search(rows, rates, 2, 30, 1)
        expected: list[tuple[int, str, float]] = []
        for depth in (1, 2):
            for names in combinations(frame, depth):
                for values in product(*(frame[name].unique() for name in names)):
                    own = np.logical_and.reduce(
                        [frame[k] == v for k, v in zip(names, values, strict=True)]
                    )
                    words = " and ".join(f"{k} = {v}" for k, v in zip(names, values, strict=True))
                    for rate, z in statistics(own, y_true, y_pred, w):
                        expected.append((depth, f"{rate}: {words}", z))
        assert n == sum(depth == 1 for depth, _, _ in expected)
        assert n_of_two == len(expected)
        for candidate in found:
            of_rate = [
                (name, z)
                for d, name, z in expected
                if d == 1 and name.startswith(candidate.rate.name)
            ]
            _, z = max(of_rate, key=lambda each: abs(each[1]))
            assert abs(candidate.statistic) == pytest.approx(abs(z))
            # The two values of a column with two values have the same size.
            assert abs(
                dict(of_rate)[f"{candidate.rate.name}: {rows.words(candidate.conditions)}"]
            ) == pytest.approx(abs(z))


def statistics(own: Any, y_true: Any, y_pred: Any, w: Any) -> list[tuple[str, float]]:
    """The differences of one subgroup in standard errors, by loops over its rows."""
    w = np.ones(len(own)) if w is None else w
    found = []
    kinds = {
        "selection_rate": (np.full(len(own), True), y_pred == 1),
        "true_positive_rate": (y_true == 1, y_pred == 1),
        "accuracy": (np.full(len(own), True), y_pred == y_true),
    }
    for name, (counted, yes) in kinds.items():
        sides = [counted & own, counted & ~own]
        effective = [
            w[side].sum() ** 2 / (w[side] ** 2).sum() if side.any() else 0 for side in sides
        ]
        if min(effective) < 30:
            continue
        p = np.average(yes[counted], weights=w[counted])
        a, b = (np.average(yes[side], weights=w[side]) for side in sides)
        variance = p * (1 - p) * sum(1 / n for n in effective)
        found.append((name, (a - b) / np.sqrt(variance)))
    return found


@pytest.mark.parametrize("depth", [2, MAX_DEPTH])
def test_chance_is_rarely_confirmed(depth: int) -> None:
    wrong = 0
    for seed in range(40):
        frame = people(seed, 1200)
        y = np.random.default_rng(1000 + seed).integers(0, 2, len(frame))
        wrong += scan_subgroups(frame, None, y, depth=depth).n_confirmed > 0
    assert wrong <= 4  # at most 5 % are expected, that is 2


def test_a_part_that_is_worse_than_its_whole_is_found_too() -> None:
    frame = people(1, 20_000)
    female, of_job = frame["sex"] == "Female", frame["job"] == "a"
    chance = np.where(female, np.where(of_job, 0.1, 0.4), 0.6)
    y = np.random.default_rng(101).random(len(frame)) < chance
    table = scan_subgroups(frame, None, y, depth=3).table
    names = table.loc[table["confirmed"], "group_a"].tolist()
    # Men are selected more often than women. Both say the same, and fewer rows are men.
    assert names == ["sex = Female and job = a", "sex = Male"]


def test_a_column_that_repeats_another_is_found_once() -> None:
    frame = people(0)
    frame["gender"] = frame["sex"].map({"Female": "F", "Male": "M"})
    table = scan_subgroups(frame, None, selections(frame, 0), depth=3).table
    confirmed = table.loc[table["confirmed"], "group_a"].tolist()
    assert confirmed == ["sex = Female and region = south"]


def test_weights_change_the_answer_and_their_unit_does_not() -> None:
    frame = people(2)
    rng = np.random.default_rng(102)
    y = rng.integers(0, 2, len(frame))
    # Selected women of the south weigh half, so their weighted rate is 1/3 where it was 1/2.
    weight = np.where(planted(frame) & (y == 1), 1.0, 2.0)
    assert scan_subgroups(frame, None, y).n_confirmed == 0
    scans = [scan_subgroups(frame, None, y, weight=times * weight) for times in (1, 1000)]
    for scan in scans:
        confirmed = scan.table[scan.table["confirmed"]]
        assert confirmed["group_a"].tolist() == ["sex = Female and region = south"]
        assert confirmed["rate_a"].tolist() == pytest.approx([1 / 3], abs=0.05)
    pd.testing.assert_frame_equal(scans[0].table, scans[1].table)


def test_equal_weights_are_no_weights_and_rows_of_weight_0_are_no_rows() -> None:
    frame = people(4)
    y = selections(frame, 4)
    plain = scan_subgroups(frame, None, y).table
    equal = scan_subgroups(frame, None, y, weight=np.full(len(frame), 7.0)).table
    pd.testing.assert_frame_equal(plain, equal, rtol=1e-7)
    more = pd.concat([frame, frame.head(500)], ignore_index=True)
    zero = np.r_[np.full(len(frame), 7.0), np.zeros(500)]
    same = scan_subgroups(more, None, np.r_[y, 1 - y[:500]], weight=zero).table
    pd.testing.assert_frame_equal(equal, same)


def test_rows_of_one_cluster_are_less_evidence() -> None:
    # Every cluster is one person who is counted 20 times.
    frame = people(5, 600)
    y = np.random.default_rng(105).integers(0, 2, len(frame))
    repeated = np.repeat(np.arange(len(frame)), 20)
    rows, labels = frame.iloc[repeated].reset_index(drop=True), y[repeated]
    assert scan_subgroups(rows, None, labels).n_confirmed > 0
    clustered = scan_subgroups(rows, None, labels, cluster=repeated)
    assert clustered.n_confirmed == 0
    assert clustered.n_search % 20 == 0


def test_a_subgroup_in_few_clusters_has_no_interval_and_a_reason() -> None:
    frame = people(6, 3000)
    cluster = np.arange(3000) // 5
    frame["court"] = np.where(cluster < 14, "small", "large")
    y = np.where(cluster < 14, 0, np.random.default_rng(106).integers(0, 2, 3000))
    table = scan_subgroups(frame, None, y, depth=1, cluster=cluster, min_count=20).table
    row = table[table["group_a"] == "court = small"].iloc[0]
    assert row["reason"].startswith("an interval needs rows in 10 clusters, not ")
    assert row[["ci_low", "p_value", "q_value"]].isna().all()
    assert not row["confirmed"]


def test_the_same_seed_gives_the_same_scan() -> None:
    frame = people(8)
    y = selections(frame, 8)
    one, same, other = (scan_subgroups(frame, None, y, seed=seed).table for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(one, same)
    assert one["n"].iloc[0] != other["n"].iloc[0]


def test_few_rows_are_not_shown() -> None:
    frame = people(9)
    rng = np.random.default_rng(109)
    y_true = rng.integers(0, 2, len(frame))
    # Nearly all of the planted subgroup are rejected, so few of them have prediction 1.
    y_pred = np.where(planted(frame) & (np.arange(len(frame)) > 40), 0, y_true)
    shown, hidden = (scan_subgroups(frame, y_true, y_pred, min_cell=cell).table for cell in (1, 25))
    assert not shown["reason"].map(is_hidden_reason).any()
    gone = hidden[hidden["reason"].map(is_hidden_reason)]
    assert {*gone["metric"]} == {"true_positive_rate", "accuracy"}
    assert gone[NUMBERS].isna().all(axis=None)
    assert not gone["confirmed"].any()
    # The selection rate needs no labels, and tells how many rows were selected out of many.
    assert hidden.loc[hidden["metric"] == "selection_rate", "value"].notna().all()


def test_two_subgroups_that_differ_by_few_rows_are_not_shown_together() -> None:
    frame = people(10)
    own = planted(frame)
    y_true = np.random.default_rng(110).integers(0, 2, len(frame))
    y_pred = np.where(own, 0, y_true)
    # Three more rows of the subgroup would be found by subtracting one from the other.
    frame["twin"] = np.where(own, "in", "out")
    frame.loc[np.flatnonzero(~own)[:3], "twin"] = "in"
    table = scan_subgroups(frame, y_true, y_pred, depth=2).table
    sizes = table.groupby("group_a")[["n_search", "n"]].max()
    assert "sex = Female and region = south" not in sizes.index or "twin = in" not in sizes.index


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"depth": 0}, "subgroups=0 is no number of conditions; give 1, 2 or 3"),
        ({"depth": 4}, "subgroups=4 is no number of conditions"),
        ({"level": 1.0}, "level=1 is no false discovery rate"),
        ({"columns": ["regoin"]}, "'regoin', which is no column of the rows; did you mean region"),
        ({"columns": []}, "no column can be searched for subgroups"),
        ({"min_count": 2000}, "each half needs 4000"),
        ({"min_cell": 0}, "min_cell=0"),
        ({"weight": np.full(6000, -1.0)}, "a weight is negative"),
    ],
)
def test_a_bad_request_is_refused(change: dict[str, Any], said: str) -> None:
    frame = people(0)
    with pytest.raises(RequestError, match=said.replace("(", r"\(")):
        scan_subgroups(frame, None, selections(frame, 0), **change)


def test_too_many_crossings_are_refused_before_they_are_counted() -> None:
    frame = pd.DataFrame(np.random.default_rng(0).integers(0, 2, (400, 100))).add_prefix("x")
    with pytest.raises(RequestError, match="166,750 crossings of columns, more than 100,000"):
        scan_subgroups(frame, None, frame["x0"], depth=3)


def column_words(values: Any, min_count: int = 2) -> tuple[str, ...] | str:
    column = pd.Series(values, name="x")
    found = code_column(column, np.full(len(column), True), min_count)
    return found if isinstance(found, str) else found.words


def test_columns_of_any_type_get_words() -> None:
    assert column_words([1, 1, 2, 2, 10, 10]) == ("x = 1", "x = 2", "x = 10")
    assert column_words([True, True, False, False]) == ("x = False", "x = True")
    assert column_words(["b", "a", "b", "a", "c"]) == ("x = a", "x = b", "x is another value")
    assert column_words(pd.Categorical(["b", "a", "b", "a", None])) == (
        *("x = a", "x = b"),
        "x is missing",
    )
    assert column_words(pd.array([1, 1, None, 2, 2], dtype="Int64"))[-1] == "x is missing"
    assert column_words([0] * 90 + [*range(1, 11)]) == ("x ≤ 0", "x > 0")
    assert column_words([*range(1, 11)] + [11] * 90) == ("x ≤ 10.5", "x > 10.5")
    assert column_words(np.linspace(0, 10_000_000, 1001)) == (
        *("x ≤ 2500000", "2500000 < x ≤ 5000000"),
        *("5000000 < x ≤ 7500000", "x > 7500000"),
    )
    assert column_words(["", "", " y and z ", " y and z "]) == ("x is blank", "x =  y and z ")
    endless = np.r_[np.full(50, -np.inf), np.arange(100), np.full(90, np.inf)]
    assert column_words(endless) == ("x ≤ 25", "25 < x ≤ 50", "50 < x ≤ 74", "x > 74")
    assert column_words(pd.date_range("2020-01-01", periods=9)) == "it holds dates"
    assert column_words([[1], [2], [1], [2]]) == "its values are no texts or numbers"
    assert column_words([None, None]) == "it has no values in one half of the rows"


def test_a_cut_is_never_the_exact_value_of_one_row() -> None:
    income = np.random.default_rng(0).lognormal(10, 1, 501)
    words = column_words(income)
    assert words[0] == "x ≤ 11000"


def test_only_the_search_half_decides_cuts_and_pools() -> None:
    values = pd.Series([*range(100), *range(1000, 1100)], name="x")
    search_half = np.arange(200) < 100
    found = code_column(values, search_half, 5)
    assert not isinstance(found, str)
    assert found.words == ("x ≤ 25", "25 < x ≤ 50", "50 < x ≤ 74", "x > 74")
    assert set(found.codes[~search_half]) == {3}
    texts = pd.Series(["a"] * 50 + ["b"] * 50 + ["new"] * 100, name="x")
    pooled = code_column(texts, search_half, 5)
    assert not isinstance(pooled, str)
    assert pooled.words[-1] == "x is another value"


@pytest.fixture(scope="module")
def bias_scan() -> Any:
    with warnings.catch_warnings():
        # Python reports the invalid escape sequences in aif360's sources when it compiles them.
        warnings.filterwarnings("ignore", "invalid escape sequence", DeprecationWarning)
        warnings.filterwarnings("ignore", "invalid escape sequence", SyntaxWarning)
        from aif360.detectors.mdss_detector import bias_scan
    return bias_scan


def test_aif360_finds_the_same_planted_subgroup(bias_scan: Any) -> None:
    frame = people(0).drop(columns="age").astype(str)
    y = selections(frame, 0)
    np.random.seed(0)  # noqa: NPY002 - their scan draws from numpy's global generator
    subset, _ = bias_scan(frame, pd.Series(y), overpredicted=True, penalty=5)
    assert subset == {"sex": ["Female"], "region": ["south"]}
    found = scan_subgroups(frame, None, y).table.iloc[0]
    assert found["group_a"] == "sex = Female and region = south"


def test_aif360_finds_the_same_on_census(bias_scan: Any) -> None:
    census = load_census().head(8000)
    frame = census[["marital-status", "sex", "race", "workclass"]].fillna("unknown")
    y = (true_probability(census) > 0.5).astype(int)
    np.random.seed(0)  # noqa: NPY002 - as above
    subset, _ = bias_scan(frame, pd.Series(y), overpredicted=False, penalty=80, num_iters=2)
    assert subset == {"marital-status": ["Married-civ-spouse"]}
    table = scan_subgroups(frame, None, y, depth=1).table
    confirmed = table[table["confirmed"]].set_index("group_a")["value"]
    own = (frame["marital-status"] == "Married-civ-spouse").to_numpy()
    difference = y[own].mean() - y[~own].mean()
    assert confirmed["marital-status = Married-civ-spouse"] == pytest.approx(difference, abs=0.03)
