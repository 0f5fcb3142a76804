from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fairrun.errors import RequestError
from fairrun.metrics import consistency_score, flip_test
from fairrun.metrics.binomial import clopper_pearson_limits
from fairrun.metrics.rows import largest_flip


@pytest.mark.parametrize("n_neighbors", [1, 5, 20])
def test_consistency_is_holisticais(n_neighbors: int) -> None:
    from holisticai.bias.metrics import consistency_score as theirs

    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    y_pred = (X[:, 0] + rng.normal(size=200) > 0).astype(int)
    ours = consistency_score(X, y_pred, n_neighbors)
    assert ours == pytest.approx(theirs(X, y_pred, n_neighbors), rel=1e-12)


def test_consistency_needs_enough_rows() -> None:
    with pytest.raises(
        RequestError, match="n_neighbors=5 is not possible with 2 rows and 2 predictions"
    ):
        consistency_score([[0.0], [1.0]], [0, 1])
    with pytest.raises(RequestError, match="and 1 predictions"):
        consistency_score([[0.0], [1.0]], [0], n_neighbors=1)


PEOPLE = pd.DataFrame({"sex": ["Male", "Female", None], "age": [30, 50, 70]})


def test_a_model_that_does_not_read_the_column_flips_nothing() -> None:
    table = flip_test(lambda rows: rows["age"] > 40, PEOPLE, "sex", ["Male", "Female"])
    assert table["changed"].tolist() == [0]
    assert table["changed_share"].tolist() == [0]


def test_every_pair_of_values_is_counted_in_both_directions() -> None:
    def predict(rows: pd.DataFrame) -> pd.Series:
        threshold = rows["sex"].map({"Male": 40, "Female": 60, "Diverse": 20})
        return (rows["age"] > threshold).astype(int)

    before = PEOPLE.copy()
    table = flip_test(predict, PEOPLE, "sex", ["Male", "Female", "Diverse"])
    expected = pd.DataFrame(
        {
            "from": ["Male", "Male", "Female"],
            "to": ["Female", "Diverse", "Diverse"],
            "n_rows": [3, 3, 3],
            "to_favourable": [0, 1, 2],
            "to_unfavourable": [1, 0, 0],
            "changed": [1, 1, 2],
            "changed_share": [1 / 3, 1 / 3, 2 / 3],
        }
    )
    pd.testing.assert_frame_equal(table.iloc[:, :7], expected)
    pd.testing.assert_frame_equal(PEOPLE, before)


def test_no_rows_have_no_share() -> None:
    table = flip_test(lambda rows: rows["age"] > 40, PEOPLE[:0], "sex", ["Male", "Female"])
    assert table["changed"].tolist() == [0]
    assert table[["changed_share", "ci_low", "ci_high"]].isna().all(axis=None)
    assert np.isnan(largest_flip(table)).all()


THRESHOLDS = {"a": 0.5, "b": 0.6, "c": 0.6}


def by_threshold(rows: pd.DataFrame) -> pd.Series:
    return (rows["score"] > rows["group"].map(THRESHOLDS)).astype(int)


def test_the_limits_of_a_share_are_those_of_a_rate_at_the_confidence_of_all_pairs() -> None:
    frame = pd.DataFrame({"group": "a", "score": np.arange(200) / 200})
    one = flip_test(by_threshold, frame, "group", ["a", "b"])
    assert one["changed"].item() == 20
    expected = clopper_pearson_limits(np.array(20), np.array(200), 0.025)
    np.testing.assert_allclose(one[["ci_low", "ci_high"]].to_numpy()[0], expected)
    three = flip_test(by_threshold, frame, "group", ["a", "b", "c"])
    assert three["changed"].tolist() == [20, 20, 0]
    tail = 0.025 / 3
    expected = clopper_pearson_limits(np.array(20), np.array(200), tail)
    np.testing.assert_allclose(largest_flip(three), [0.1, *expected])
    # Nothing flips in 200 rows.
    assert three["ci_high"].iloc[2] == pytest.approx(1 - tail ** (1 / 200))


def test_the_interval_of_the_largest_share_covers_though_the_pair_was_chosen() -> None:
    rng = np.random.default_rng(0)
    hits = []
    for _ in range(80):
        frame = pd.DataFrame({"group": "a", "score": rng.random(120)})
        _, low, high = largest_flip(flip_test(by_threshold, frame, "group", ["a", "b", "c"]))
        hits.append(low <= 0.1 <= high)
    assert np.mean(hits) >= 0.92


def test_weights_widen_the_interval_or_refuse_it() -> None:
    frame = pd.DataFrame({"group": "a", "score": np.arange(200) / 200})
    weight = np.tile([1.0, 4.0], 100)
    heavy = np.where(np.arange(200) < 3, 70.0, 1.0)
    values = ["a", "b"]
    even, uneven, refused = (
        flip_test(by_threshold, frame, "group", values, w).iloc[0] for w in (None, weight, heavy)
    )
    assert uneven["changed_share"] == pytest.approx(0.1)
    assert uneven["ci_low"] < even["ci_low"] < even["ci_high"] < uneven["ci_high"]
    assert refused["changed_share"] == pytest.approx(20 / 407)
    assert refused[["ci_low", "ci_high"]].isna().all()


@pytest.mark.parametrize(("column", "values"), [("race", ["x", "y"]), ("sex", ["Male", "Male"])])
def test_a_flip_needs_a_column_and_two_values(column: str, values: list[str]) -> None:
    with pytest.raises(RequestError, match="a flip test of"):
        flip_test(lambda rows: rows["age"] > 40, PEOPLE, column, values)
