"""The values of columns as codes, so that subgroups of rows can be counted and named.

Only the rows of the search half decide where numbers are cut and which values are pooled. What is
found on these rows is then confirmed on others that had no part in it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.inference import has_text, value_text
from fairrun.text import shortened

__all__ = ["MOST_VALUES", "CodedColumn", "code_column"]

#: A column of numbers with more distinct values than this is cut at its quartiles.
_MOST_NUMBERS = 8
#: Apart from the most frequent values of a column, all values are pooled.
MOST_VALUES = 20


@dataclass(frozen=True, eq=False)
class CodedColumn:
    """A column of which each row has a code.

    Attributes
    ----------
    name : str
        The name of the column.
    codes : array of uint8 of shape (n_rows,)
        The code of each row, a position in `words`.
    words : tuple of str
        Each code as a condition in words, such as "sex = Female".
    """

    name: str
    codes: NDArray[np.uint8]
    words: tuple[str, ...]


def code_column(column: pd.Series, search: NDArray[np.bool_], min_count: int) -> CodedColumn | str:
    """Return a column as codes, or why its values form no subgroups.

    Numbers with more than 8 distinct values are cut at the quartiles of the search half. These are
    rounded to a power of ten that is at most a tenth of their distance. Other values are taken as
    they are; those with fewer than `min_count` rows of the search half are pooled, and so are all
    but the 20 most frequent ones. Rows without a value have a code of their own.

    Parameters
    ----------
    column : pandas.Series
        The column.
    search : array of bool of shape (n_rows,)
        Whether a row belongs to the search half.
    min_count : int
        The fewest rows of a value that is not pooled.

    Returns
    -------
    CodedColumn or str
        A text such as "it holds dates" if the column has no values to compare.

    Examples
    --------
    >>> age = pd.Series([18, 22, 25, 31, 38, 40, 47, 51, 59, 64], name="age")
    >>> code_column(age, np.full(10, True), min_count=2).words
    ('age ≤ 26', '26 < age ≤ 39', '39 < age ≤ 50', 'age > 50')
    >>> sex = pd.Series(["Female", "Male", None, "Male", "Female"], name="sex")
    >>> code_column(sex, np.full(5, True), min_count=2).words
    ('sex = Female', 'sex = Male', 'sex is missing')
    """
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return "it holds dates"
    missing = column.isna().to_numpy(dtype=bool)
    if not (search & ~missing).any():
        return "it has no values in one half of the rows"
    is_number = pd.api.types.is_numeric_dtype(column.dtype)
    is_bool = pd.api.types.is_bool_dtype(column.dtype)
    name = shortened(str(column.name))
    if is_number and not is_bool:
        numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
        if len(np.unique(numbers[search & ~missing])) > _MOST_NUMBERS:
            edges = _edges(numbers[search & ~missing])
            codes, words = np.searchsorted(edges, numbers), _ranges(name, edges)
            return _coded(name, codes, missing, words)
    codes, texts = _distinct(column, missing)
    if texts is None:
        return "its values are no texts or numbers"
    counts = np.bincount(codes[search & ~missing], minlength=len(texts))
    often = np.argsort(-counts, kind="stable")[:MOST_VALUES]
    kept = sorted(code for code in often.tolist() if counts[code] >= min_count)
    place = np.full(len(texts), len(kept))
    place[kept] = np.arange(len(kept))
    words = [_words(name, shortened(texts[code])) for code in kept]
    if len(kept) < len(texts):
        words.append(f"{name} is another value" if kept else f"{name} is any value")
    return _coded(name, place[codes], missing, words)


def _words(name: str, text: str) -> str:
    """Return a value as a condition; a range such as ">=40" is one already."""
    if not text.strip():
        return f"{name} is blank"
    return f"{name} {text}" if text.startswith(("<", ">")) else f"{name} = {text}"


def _distinct(
    column: pd.Series, missing: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], list[str] | None]:
    """Return the code of each row and the sorted texts of the values; None without texts."""
    values: NDArray[Any] = column.to_numpy(dtype=object, copy=True)
    values[missing] = None
    try:
        first, distinct = pd.factorize(values)
    except TypeError:  # a list or a dict has no hash
        return np.zeros(len(column), dtype=np.intp), None
    if not all(has_text(value) for value in distinct):
        return np.zeros(len(column), dtype=np.intp), None
    is_number = all(isinstance(value, int | float | np.number) for value in distinct)
    order = sorted(
        range(len(distinct)), key=lambda i: distinct[i] if is_number else str(distinct[i])
    )
    rank = np.empty(len(order), dtype=np.intp)
    rank[order] = np.arange(len(order))
    return np.where(missing, 0, rank[first]), [value_text(distinct[i]) for i in order]


def _coded(
    name: str, codes: NDArray[Any], missing: NDArray[np.bool_], words: list[str]
) -> CodedColumn:
    """Return the column with a code for missing values, if there are any."""
    if missing.any():
        codes, words = np.where(missing, len(words), codes), [*words, f"{name} is missing"]
    return CodedColumn(name, codes.astype(np.uint8), tuple(words))


def _edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where numbers are cut: the rounded quartiles, without those that cut nothing off."""
    finite = values[np.isfinite(values)]
    quartiles = np.quantile(finite, [0.25, 0.5, 0.75])
    spread = quartiles[2] - quartiles[0]
    if spread > 0:
        # A quartile is the value of one row, and a rounded number is easier to read.
        unit = 10.0 ** math.floor(math.log10(spread / 10))
        rounded = [float(f"{round(q / unit) * unit:.12g}") for q in quartiles.tolist()]
        quartiles = np.array(rounded)
    edges = np.unique(quartiles)
    edges = edges[(edges >= values.min()) & (edges < values.max())]
    # Most rows may have the largest value. The cut is then between it and the next smaller one.
    return edges if edges.size else np.array([np.unique(finite)[-2:].mean()])


def _ranges(name: str, edges: NDArray[np.float64]) -> list[str]:
    """Return the range before the first edge, those between edges, and that after the last one."""
    texts = [value_text(edge) for edge in edges.tolist()]
    if not texts:
        return [f"{name} is any value"]
    between = [f"{low} < {name} ≤ {high}" for low, high in pairwise(texts)]
    return [f"{name} ≤ {texts[0]}", *between, f"{name} > {texts[-1]}"]
