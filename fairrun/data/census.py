"""The embedded `census`: synthetic rows with the columns of UCI Adult and a known truth.

`census` is 48,842 rows that no one ever filled in. They are drawn, column after column, from
tables of counts of the UCI Adult data set, so they have its columns, its categories, its missing
values and, roughly, its dependences; a model trained on them behaves much as it does on Adult,
its group disparities included. The label of a row is then drawn with a probability that
`true_probability` tells exactly, which no real data set can. It needs no download and is the
same on every machine: use it to try fairrun, in tests, and in benchmarks that need to know the
truth. It is *not* data about people. Draw no conclusion from it about any person or group, nor
about Adult: a dependence among more than a few columns is lost, and a benchmark result on
`census` is not a result on Adult.

How it is drawn:

1. Each column is drawn given some of the columns before it, its parents. Its table holds counts of
   Adult for *contexts*: the codes of the first k parents. A context that few people share is not in
   the table; they are counted in the longest leading part of it that is, and a row drawn with that
   context is drawn from there.
2. A numeric column is drawn as the code of a bin, then as a value inside the bin.
3. The log-odds of the label are a sum of integers, in hundredths, one for each term of the model,
   and the label is one draw of the probability they give.

Every step is exact integer arithmetic on the raw output of PCG64, whose stream NumPy guarantees;
the logistic function is computed in `decimal`, which rounds correctly by definition. Hence no
libm, BLAS or change of NumPy's distributions can move a row.

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

# The first seed that draws each of Adult's categories at least once; one of them has one person.
_SEED = 0

# Probabilities are whole multiples of 2^-32, so that a draw compares integers.
_BITS = 32
_DECIMAL = Context(prec=28)


def load_census() -> pd.DataFrame:
    """Make the census: always the same 48,842 rows.

    Returns
    -------
    pandas.DataFrame of shape (48842, 15)
        The columns of UCI Adult in its order: int64 numbers and strings, with missing values in
        `workclass`, `occupation` and `native-country`; the label is `class`, ``"<=50K"`` or
        ``">50K"``. A new frame each time.

    See Also
    --------
    true_probability : the probability by which `class` was drawn.

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
            # Adult numbers the levels of education from 1, in the order of the categories here.
            columns[name] = pd.Series(codes["education"] + 1)
        elif name in tables["categories"]:
            columns[name] = pd.Series(tables["categories"][name]).take(codes[name])
        else:
            cells = tables["numbers"][name]["cells"]
            columns[name] = pd.Series(_draw_values(cells, codes[name], _raw(tables, bits)))
    return pd.DataFrame({name: column.array for name, column in columns.items()})


def true_probability(frame: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Probability of the label ``">50K"`` given the row, by which the census was drawn.

    The truth of the synthetic population, of use for rows of the census and for rows made from
    them, say with `sex` exchanged. It is no estimate of anything about real people.

    Parameters
    ----------
    frame : pandas.DataFrame of shape (n, any)
        Rows with the columns of the census; `class` and `education-num` are not read.

    Returns
    -------
    numpy.ndarray of shape (n,), float64
        P(class = ">50K" | row), a whole multiple of 2^-32.

    Raises
    ------
    RequestError
        If a column is missing, or has a category, or a missing value, that the census has not.

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
    """One raw 64-bit integer for each row."""
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
            # Where each context's counts stand; 0 is the context of no parents, thus "not here".
            place = np.zeros(sizes, np.int64)
            for at, known in enumerate(contexts, start=len(counts)):
                place[tuple(map(int, known.split()))] = at
            found = place.ravel()[key]
            context = np.where(found > 0, found, context)
            counts.extend(contexts.values())
        codes[name] = _invert(np.array(counts), context, _high_bits(_raw(tables, bits)))
    return codes


def _parent(tables: Tables, codes: dict[str, IntArray], name: str) -> tuple[IntArray, int]:
    """Codes of a parent, a feature or a coarser grouping of one, and how many codes it has."""
    if name in tables["coarse"]:
        groups = np.array(tables["coarse"][name]["groups"])
        return groups[codes[tables["coarse"][name]["of"]]], int(groups.max()) + 1
    if name in tables["categories"]:
        return codes[name], len(tables["categories"][name])
    return codes[name], len(tables["numbers"][name]["edges"])


def _invert(counts: IntArray, row: IntArray, uniform: IntArray) -> IntArray:
    """Draw a column of a table of counts, in the given row of it.

    `uniform` are integers below 2^32. The cumulative counts run on from row to row, so that one
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
    """Draw a value inside each bin: a cell by its count, then uniformly in the cell's width."""
    table = np.zeros((len(cells), max(map(len, cells)), 3), np.int64)
    for padded, known in zip(table, cells, strict=True):
        padded[: len(known)] = known
    low, width, people = np.moveaxis(table, 2, 0)
    cell = _invert(people, code, _high_bits(raw))
    # The cell took the high half of the raw integer; the low half is independent of it.
    value: IntArray = low[code, cell] + (_low_bits(raw) * width[code, cell] >> _BITS)
    return value


def _chances(tables: Tables, codes: dict[str, IntArray]) -> IntArray:
    """P(">50K") of each row in units of 2^-32."""
    log_odds = np.zeros(len(codes["sex"]), np.int64)
    for term in tables["label"]:
        log_odds += np.array(term["hundredths"])[tuple(codes[name] for name in term["columns"])]
    distinct, inverse = np.unique(log_odds, return_inverse=True)
    return np.array([_logistic(each) for each in distinct.tolist()], np.int64)[inverse]


def _logistic(hundredths: int) -> int:
    """1 / (1 + exp(-x)) of x in hundredths, in units of 2^-32, rounded down."""
    exponential = _DECIMAL.exp(Decimal(-hundredths) / 100)
    return int(_DECIMAL.divide(Decimal(2**_BITS), _DECIMAL.add(Decimal(1), exponential)))


def _encode(tables: Tables, frame: pd.DataFrame) -> dict[str, IntArray]:
    """Codes of each feature of a frame."""
    features = [*tables["categories"], *tables["numbers"]]
    if absent := [name for name in features if name not in frame]:
        raise RequestError(f"columns {absent} are missing; give all the columns of the census")
    codes: dict[str, IntArray] = {}
    for name in features:
        column = frame[name]
        if name in tables["categories"]:
            # A missing value has the last code, in the columns that have one.
            known = [category for category in tables["categories"][name] if category is not None]
            code = pd.Index(known).get_indexer(pd.Index(column)).astype(np.int64)
            if len(known) < len(tables["categories"][name]):
                code[column.isna().to_numpy()] = len(known)
            if (code < 0).any():
                raise RequestError(f"column {name!r} has a value that is not one of {known}")
        elif not pd.api.types.is_numeric_dtype(column) or column.isna().any():
            raise RequestError(f"column {name!r} must be numeric, without missing values")
        else:
            edges = tables["numbers"][name]["edges"]
            code = np.searchsorted(edges[1:], column.to_numpy(), side="right")
        codes[name] = code
    return codes
