"""The embedded data set `census`: synthetic rows with the columns of UCI Adult and a known truth.

`census` has 48,842 synthetic rows. They are drawn column by column from tables of counts of the UCI
Adult data set. They have Adult's columns, categories and missing values and, roughly, its
dependences. A model that is trained on them behaves much as on Adult, and shows similar differences
between groups. The label of a row is drawn with a known probability, which `true_probability`
returns; no real data set has this. `census` needs no download and is the same on every machine. Use
it to try fairrun, in tests, and in benchmarks that need the true probability.

`census` is *not* data about people. Draw no conclusion from it about a person, a group or the Adult
data set. Dependences among more than a few columns are lost, so a benchmark result on `census` is
not a result on Adult.

The rows are drawn in three steps:

1. Each column is drawn given some of the columns before it, its parents. The column's table has
   Adult's counts by *context*, which is the codes of the first k parents. A context that few people
   share is not in the table. These people are counted in the longest leading part of the context
   that is in the table, and a row with this context is drawn from the same counts.
2. A numeric column is drawn as the code of a bin, and then as a value inside the bin.
3. The log-odds of the label are a sum of integers, in hundredths, with one integer for each term of
   the model. The label is drawn with the probability that these log-odds give.

Every step is exact integer arithmetic on the raw output of PCG64, and NumPy guarantees this output.
The logistic function is computed with `decimal`, which rounds correctly by definition. The rows
therefore do not depend on libm, BLAS or the version of NumPy's distributions.

The tables are aggregates of Adult: Becker, B. and Kohavi, R. (1996), Adult, UCI Machine Learning
Repository, https://doi.org/10.24432/C5XW20, licensed CC BY 4.0. `scripts/make_census_tables.py`
makes them.
"""

from __future__ import annotations

import json
from decimal import Context, Decimal
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from fairrun.errors import RequestError

__all__ = ["load_census", "true_probability"]

IntArray: TypeAlias = npt.NDArray[np.int64]
Tables: TypeAlias = dict[str, Any]

# This is the first seed that draws each of Adult's categories at least once. One category is so
# rare that Adult has one person in it.
_SEED = 0

# Probabilities are whole multiples of 2^-32, because a draw then compares integers exactly.
_BITS = 32
_DECIMAL = Context(prec=28)


def load_census() -> pd.DataFrame:
    """Return the census: always the same 48,842 rows.

    Returns
    -------
    pandas.DataFrame of shape (48842, 15)
        The columns of UCI Adult in its order, as int64 numbers and strings. `workclass`,
        `occupation` and `native-country` have missing values. The label is `class`, ``"<=50K"`` or
        ``">50K"``. Each call returns a new frame.

    See Also
    --------
    true_probability : The probability with which `class` was drawn.

    Examples
    --------
    >>> from fairrun.data.census import load_census
    >>> frame = load_census()
    >>> frame.shape
    (48842, 15)
    >>> sorted(frame["class"].unique())
    ['<=50K', '>50K']
    """
    tables = _read_tables()
    bits = np.random.PCG64(_SEED)
    codes = _draw_codes(tables, bits)
    positive = _high_bits(_raw(tables, bits)) < _chances(tables, codes)

    columns: dict[str, Any] = {}
    for name in tables["columns"]:
        if name == "class":
            columns[name] = pd.Series(["<=50K", ">50K"]).take(positive.astype(np.int64))
        elif name == "education-num":
            # Adult numbers the levels of education from 1, and the categories have the same order.
            columns[name] = pd.Series(codes["education"] + 1)
        elif name in tables["categories"]:
            columns[name] = pd.Series(tables["categories"][name]).take(codes[name])
        else:
            cells = tables["numbers"][name]["cells"]
            columns[name] = pd.Series(_draw_values(cells, codes[name], _raw(tables, bits)))
    return pd.DataFrame({name: column.array for name, column in columns.items()})


def true_probability(frame: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return the probability of ``">50K"`` with which the label of each row was drawn.

    The probability is exact for rows of the census and for rows that are made from them, such as
    rows with `sex` exchanged. It is not an estimate about real people.

    Parameters
    ----------
    frame : pandas.DataFrame of shape (n, any)
        Rows with the columns of the census. `class` and `education-num` are not read.

    Returns
    -------
    numpy.ndarray of shape (n,), float64
        P(class = ">50K" | row), a whole multiple of 2^-32.

    Raises
    ------
    RequestError
        If a column is missing, is not numeric where it has to be, or has a category or a missing
        value that does not occur in the census.

    Examples
    --------
    >>> from fairrun.data.census import load_census, true_probability
    >>> frame = load_census()
    >>> probability = true_probability(frame)
    >>> bool(abs(probability.mean() - (frame["class"] == ">50K").mean()) < 0.01)
    True
    """
    tables = _read_tables()
    return _chances(tables, _encode(tables, frame)) / 2.0**_BITS


@cache
def _read_tables() -> Tables:
    text = files("fairrun.data").joinpath("census_tables.json").read_text(encoding="utf-8")
    tables: Tables = json.loads(text)
    return tables


def _raw(tables: Tables, bits: np.random.PCG64) -> npt.NDArray[np.uint64]:
    """Return one raw 64-bit integer for each row."""
    return np.asarray(bits.random_raw(tables["rows"]), np.uint64)


def _high_bits(raw: npt.NDArray[np.uint64]) -> IntArray:
    return (raw >> np.uint64(_BITS)).astype(np.int64)


def _low_bits(raw: npt.NDArray[np.uint64]) -> IntArray:
    return (raw & np.uint64(2**_BITS - 1)).astype(np.int64)


def _draw_codes(tables: Tables, bits: np.random.PCG64) -> dict[str, IntArray]:
    """Draw the code of each feature, given the codes of its parents."""
    codes: dict[str, IntArray] = {}
    for name, table in tables["network"].items():
        context = np.zeros(tables["rows"], np.int64)
        key = np.zeros(tables["rows"], np.int64)
        counts = list(table["counts"][0].values())
        sizes: tuple[int, ...] = ()
        for parent, contexts in zip(table["given"], table["counts"][1:], strict=True):
            code, size = _parent(tables, codes, parent)
            key = key * size + code
            sizes = (*sizes, size)
            # Position 0 holds the counts without parents, so 0 can stand for "not in the table".
            place = np.zeros(sizes, np.int64)
            for at, known in enumerate(contexts, start=len(counts)):
                place[tuple(map(int, known.split()))] = at
            found = place.ravel()[key]
            context = np.where(found > 0, found, context)
            counts.extend(contexts.values())
        codes[name] = _invert(np.array(counts), context, _high_bits(_raw(tables, bits)))
    return codes


def _parent(tables: Tables, codes: dict[str, IntArray], name: str) -> tuple[IntArray, int]:
    """Return the codes of a parent (a feature or a coarser grouping) and their number."""
    if name in tables["coarse"]:
        groups = np.array(tables["coarse"][name]["groups"])
        return groups[codes[tables["coarse"][name]["of"]]], int(groups.max()) + 1
    if name in tables["categories"]:
        return codes[name], len(tables["categories"][name])
    return codes[name], len(tables["numbers"][name]["edges"])


def _invert(counts: IntArray, row: IntArray, uniform: IntArray) -> IntArray:
    """Draw a column of a table of counts, given the row of the table, for each draw.

    `uniform` holds integers below 2^32. The cumulative counts continue from row to row, so one
    binary search finds the column of every draw.
    """
    cumulative = counts.cumsum()
    total = counts.sum(axis=1)
    start = cumulative[counts.shape[1] - 1 :: counts.shape[1]] - total
    drawn = start[row] + (uniform * total[row] >> _BITS)
    column: IntArray = np.searchsorted(cumulative, drawn, side="right") % counts.shape[1]
    return column


def _draw_values(
    cells: list[list[list[int]]], code: IntArray, raw: npt.NDArray[np.uint64]
) -> IntArray:
    """Draw a value inside each bin: first a cell by its count, then uniformly within the cell."""
    table = np.zeros((len(cells), max(map(len, cells)), 3), np.int64)
    for padded, known in zip(table, cells, strict=True):
        padded[: len(known)] = known
    low, width, people = np.moveaxis(table, 2, 0)
    cell = _invert(people, code, _high_bits(raw))
    # The cell used the high half of the raw integer. The low half is independent of it.
    value: IntArray = low[code, cell] + (_low_bits(raw) * width[code, cell] >> _BITS)
    return value


def _chances(tables: Tables, codes: dict[str, IntArray]) -> IntArray:
    """Return P(">50K") of each row in units of 2^-32."""
    log_odds = np.zeros(len(codes["sex"]), np.int64)
    for term in tables["label"]:
        log_odds += np.array(term["hundredths"])[tuple(codes[name] for name in term["columns"])]
    distinct, inverse = np.unique(log_odds, return_inverse=True)
    return np.array([_logistic(each) for each in distinct.tolist()], np.int64)[inverse]


def _logistic(hundredths: int) -> int:
    """Return 1 / (1 + exp(-x)) in units of 2^-32, rounded down; x is given in hundredths."""
    exponential = _DECIMAL.exp(Decimal(-hundredths) / 100)
    return int(_DECIMAL.divide(Decimal(2**_BITS), _DECIMAL.add(Decimal(1), exponential)))


def _encode(tables: Tables, frame: pd.DataFrame) -> dict[str, IntArray]:
    """Return the codes of each feature of a frame."""
    features = [*tables["categories"], *tables["numbers"]]
    if absent := [name for name in features if name not in frame]:
        raise RequestError(f"columns {absent} are missing; give all the columns of the census")
    codes: dict[str, IntArray] = {}
    for name in features:
        column = frame[name]
        if name in tables["categories"]:
            # In a column with missing values, the last code stands for a missing value.
            known = [category for category in tables["categories"][name] if category is not None]
            code = pd.Index(known).get_indexer(pd.Index(column)).astype(np.int64)
            if len(known) < len(tables["categories"][name]):
                code[column.isna().to_numpy()] = len(known)
            if (code < 0).any():
                raise RequestError(
                    f"column {name!r} has a value that the census does not have; give {known}"
                )
        elif not pd.api.types.is_numeric_dtype(column) or column.isna().any():
            raise RequestError(
                f"column {name!r} is not numeric or has missing values; give numbers only"
            )
        else:
            edges = tables["numbers"][name]["edges"]
            code = np.searchsorted(edges[1:], column.to_numpy(), side="right")
        codes[name] = code
    return codes
