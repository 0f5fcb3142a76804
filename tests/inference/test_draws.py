"""A row draws its own number: the same for the same row, uniform over different ones."""

from __future__ import annotations

import hashlib
import struct
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare, kstest

from fairrun.inference import Categorical, Encoder, InputError, Numeric, RowDraws

ENCODER = Encoder(
    (
        Numeric("age", 40.0, 10.0, 38.0),
        Categorical("job", ("clerk", "sales"), "clerk"),
        Categorical("town", ("a", "b"), "a"),
    ),
    impute=True,
)
DRAWS = RowDraws(seed=7, rule="label_mixing")


def frame(age: float | None = 1.0, job: str | None = "clerk", town: str = "a") -> pd.DataFrame:
    return pd.DataFrame({"age": [age], "job": [job], "town": [town]}, dtype=object)


def draw(row: pd.DataFrame, draws: RowDraws = DRAWS) -> float:
    return float(draws.uniform(row, ENCODER)[0])


def test_the_bytes_are_as_documented() -> None:
    """An independent reading of the definition; a change here changes every answer given so far."""
    content = b"\x01" + struct.pack("<d", 1.0) + b"\x02\x05\x00\x00\x00clerk" + b"\x00"
    key = hashlib.blake2b((7).to_bytes(8, "little"), person=b"label_mixing").digest()
    digest = hashlib.blake2b(content, digest_size=8, key=key).digest()
    row = frame().assign(town=pd.Series([None], dtype=object))
    assert draw(row) == (int.from_bytes(digest, "little") >> 11) / 2**53


@pytest.mark.parametrize("rows", [40_000])
def test_uniform_and_independent_over_distinct_rows(rows: int) -> None:
    rng = np.random.default_rng(0)
    many = pd.DataFrame(
        {"age": np.arange(rows) / 7, "job": rng.choice(["clerk", "sales"], rows), "town": "a"}
    )
    drawn = DRAWS.uniform(many, ENCODER)
    assert len(np.unique(drawn)) == rows
    assert kstest(drawn, "uniform").pvalue > 0.01
    pairs = (np.floor(drawn[:-1] * 8) * 8 + np.floor(drawn[1:] * 8)).astype(int)
    assert chisquare(np.bincount(pairs, minlength=64)).pvalue > 0.01


@given(st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8), st.text(max_size=8))
def test_text_cannot_run_into_its_neighbour(age: float, job: str, town: str) -> None:
    assert draw(frame(age, job + town, "")) != draw(frame(age, job, town)) or not town


def test_what_makes_rows_equal() -> None:
    assert draw(frame(0.0)) == draw(frame(-0.0))
    assert draw(frame(1)) == draw(frame(1.0))
    assert draw(frame(None)) == draw(frame(float("nan")))
    with_group = frame().assign(sex="Male", extra=3)
    assert draw(with_group) == draw(frame()[["town", "job", "age"]])


def test_what_makes_rows_differ() -> None:
    rows = [frame(), frame(2.0), frame(None), frame(38.0), frame(job="sales"), frame(job="new")]
    rows += [frame(job=None), frame(job=""), frame(town="b")]
    assert len({draw(row) for row in rows}) == len(rows)
    others = (RowDraws(8, "label_mixing"), RowDraws(7, "member_vote"))
    assert len({draw(frame(), draws) for draws in (DRAWS, *others)}) == 3


def test_a_row_key_takes_the_place_of_the_features() -> None:
    by_key = RowDraws(7, "label_mixing", row_key="id")
    one, other = frame(1.0).assign(id="x"), frame(2.0).assign(id="x")
    assert draw(one, by_key) == draw(other, by_key)
    assert draw(one, by_key) != draw(one.assign(id="y"), by_key)
    with pytest.raises(InputError, match="row key 'id': null in row 0"):
        draw(one.assign(id=pd.Series([None], dtype=object)), by_key)
    numbered = RowDraws(7, "label_mixing", row_key="id", row_key_is_text=False)
    assert draw(one.assign(id=3), numbered) == draw(one.assign(id=3.0), numbered)
    with pytest.raises(InputError, match="'id': not a number in row 0"):
        draw(one, numbered)


def test_codes_draw_alike_in_every_form() -> None:
    encoder = Encoder((Numeric("age", 40.0, 10.0, 38.0), Categorical("code", ("1", "2"), "1")))
    draws = RowDraws(seed=3, rule="mixing")
    age, code = [38.0, 40.5, 21.0], ["1", "2", "7"]
    expected = draws.uniform(pd.DataFrame({"age": age, "code": code}), encoder)
    assert len(set(expected)) == 3
    for codes in ([1, 2, 7], [1.0, 2.0, 7.0], pd.Categorical([1, 2, 7]), [*map(Decimal, code)]):
        rows = pd.DataFrame({"age": age, "code": codes})
        assert draws.uniform(rows, encoder).tolist() == expected.tolist()
        for row in range(3):
            assert draws.uniform(rows.iloc[[row]], encoder) == expected[row]
