"""The weight column: what is read, refused and kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fairrun.data import DatasetSpec, prepare, prepare_rows, read_weights, relative_weights
from fairrun.errors import RequestError
from tests.people import SPEC, make_raw

WEIGHTED = replace(SPEC, weight="weight", changeable=("age", "job", "gain"))


def raw_with(**changed: Any) -> pd.DataFrame:
    frame = make_raw(900, seed=1)
    frame["weight"] = frame["weight"].abs() + 1
    return frame.assign(**changed)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0, None, np.nan], "2 of 3 rows have no weight"),
        (["1", "2.5", "n.a."], "1 of 3 rows have a weight that is not a number"),
        ([1.0, np.inf, -np.inf], "2 of 3 rows have an infinite one"),
        ([1.0, -1.0, None], "1 of 3 rows have no weight, 1 have a negative one"),
        ([0, 0, 0], "is 0 in all 3 rows"),
        ([pd.NA, 1, 2], "1 of 3 rows have no weight"),
        ([1e300, 1.0, 0.0], "divide all weights by one number"),
        ([1e-90, 1e-91, 0.0], "divide all weights by one number"),
    ],
)
def test_weights_that_cannot_be_used_are_counted_and_not_shown(
    values: list[Any], message: str
) -> None:
    column = pd.Series(values, name="fnlwgt")
    with pytest.raises(RequestError, match=f"^weight=fnlwgt .*{message}") as raised:
        read_weights(column)
    assert "n.a." not in str(raised.value)


@pytest.mark.parametrize(
    "values",
    [
        pd.Series([3, 0, 2]),
        pd.Series([3, 0, 2], dtype="Int64"),
        pd.Series([3, 0, 2], dtype="float32[pyarrow]"),
        pd.Series(["3", "0", "2"]),
        pd.Series(["3", " 0", "2.0"], dtype=object),
    ],
)
def test_any_column_of_numbers_is_read(values: pd.Series) -> None:
    weight = read_weights(values)
    assert weight.dtype == np.float64
    assert weight.tolist() == [3.0, 0.0, 2.0]


@pytest.mark.parametrize("column", ["paid", "sex", "age"])
def test_a_weight_has_no_second_role(column: str) -> None:
    with pytest.raises(RequestError, match=f"^weight={column} is also the target, or a protected"):
        replace(SPEC, weight=column, drop=("age",), changeable=())


def test_splits_keep_the_weights_and_have_them_in_their_digest() -> None:
    frame = raw_with()
    frame.loc[5, "weight"] = 0.0
    dataset = prepare(WEIGHTED, frame)
    plain = prepare(replace(WEIGHTED, weight=None, drop=("weight",)), frame)
    total = 0.0
    for name, rows in dataset.splits.items():
        assert rows.weight is not None
        total += rows.weight.sum()
        assert "weight" not in rows.frame
        pd.testing.assert_frame_equal(rows.frame, plain.splits[name].frame)
        assert rows.digest() != plain.splits[name].digest()
        assert rows.digest() != replace(rows, weight=rows.weight + 1).digest()
        assert replace(rows, weight=None).digest() == plain.splits[name].digest()
    assert total == pytest.approx(frame["weight"].sum())
    (note,) = dataset.notes
    assert note.startswith("weight=weight: 900 rows, sum of weights ")
    assert note.endswith(", 1 row has weight 0")


def test_a_missing_weight_column_is_named() -> None:
    with pytest.raises(RequestError, match=r"^weight=weight is not a column of the data"):
        prepare_rows(raw_with().drop(columns="weight"), WEIGHTED)


def test_the_unit_of_weights_plays_no_part_in_a_fit() -> None:
    one, other = (
        prepare_rows(raw_with(weight=raw_with()["weight"] * unit), WEIGHTED).rows.sample_weight
        for unit in (1.0, 1000.0)
    )
    assert one is not None
    assert other is not None
    np.testing.assert_allclose(one, other, rtol=1e-12)
    assert relative_weights(np.array([4.0, 0.0, 8.0])).tolist() == [4 / 6, 0.0, 8 / 6]


def test_a_spec_with_a_weight_survives_its_document() -> None:
    assert DatasetSpec.from_dict(WEIGHTED.to_dict()) == WEIGHTED


def test_weights_whose_sum_is_infinite_are_relative_too() -> None:
    assert relative_weights(np.array([1e308, 1e308, 0.0])).tolist() == [1.0, 1.0, 0.0]


def test_a_weight_that_is_no_number_has_no_type_as_a_way_out() -> None:
    raw = raw_with(weight=["1"] * 899 + ["n.a."])
    with pytest.raises(RequestError, match=r"1 is 'n\.a\.'; correct these cells$"):
        prepare(WEIGHTED, raw)
