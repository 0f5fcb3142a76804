from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fairrun.errors import RequestError
from fairrun.metrics import consistency_score, flip_test


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
    pd.testing.assert_frame_equal(table, expected)
    pd.testing.assert_frame_equal(PEOPLE, before)


def test_no_rows_have_no_share() -> None:
    table = flip_test(lambda rows: rows["age"] > 40, PEOPLE[:0], "sex", ["Male", "Female"])
    assert table["changed"].tolist() == [0]
    assert table["changed_share"].isna().all()


@pytest.mark.parametrize(("column", "values"), [("race", ["x", "y"]), ("sex", ["Male", "Male"])])
def test_a_flip_needs_a_column_and_two_values(column: str, values: list[str]) -> None:
    with pytest.raises(RequestError, match="a flip test of"):
        flip_test(lambda rows: rows["age"] > 40, PEOPLE, column, values)
