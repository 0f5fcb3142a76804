"""How well one column tells two classes of rows apart, also if it has many values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairrun.data.findings.coded import CodedColumn

__all__ = ["FEWEST", "is_copy", "separation"]

Floats = NDArray[np.float64]

#: Fewer rows of a class than this do not show that a column tells the classes apart.
FEWEST = 10
#: Numbers with at most this number of values are also judged as categories.
_FEW_VALUES = 50
_FOLDS = 5
#: An area is measured on at most this number of rows, a seeded choice.
_MOST_ROWS = 50_000


def separation(column: CodedColumn, labels: NDArray[np.int64]) -> float:
    """Return the area under the ROC curve of one column for two classes, at least 0.5.

    Numbers are ranked. A null ranks below or above all numbers, whichever separates better, because
    the presence of a value can be what gives the class away. The score of a category is the share
    of class 1 among the other rows with this category: the rows are measured in five parts, each
    with the shares of the other four. So a category with one row tells nothing.

    Parameters
    ----------
    column : CodedColumn
        The column.
    labels : array of int of shape (n_rows,)
        The class of each row, 0 or 1; −1 for a row of neither.

    Returns
    -------
    float
        NaN if a class has fewer than `FEWEST` rows.

    Examples
    --------
    >>> from fairrun.data.findings.coded import code_columns
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"row": np.arange(100.0)})
    >>> coded = code_columns(frame, {"row": "number"})["row"]
    >>> separation(coded, np.repeat([1, 0], 50)), round(separation(coded, np.tile([1, 0], 50)), 2)
    (1.0, 0.51)
    """
    used = np.flatnonzero(labels >= 0)
    if len(used) > _MOST_ROWS:
        used = np.random.default_rng(0).choice(used, _MOST_ROWS, replace=False, shuffle=False)
    codes, in_1 = column.codes[used] + 1, labels[used]
    ones = int(in_1.sum())
    if min(ones, len(in_1) - ones) < FEWEST:
        return float("nan")
    size = column.n_distinct + 1  # The first code is that of nulls.
    found = []
    if column.is_number:
        of_1 = np.bincount(codes, in_1, size)
        of_0 = np.bincount(codes, 1 - in_1, size)
        for null in (-np.inf, np.inf) if of_1[0] + of_0[0] else (0.0,):
            area = _area(np.r_[null, column.values.astype(np.float64)], of_1, of_0)
            found.append(max(area, 1 - area))
    if not column.is_number or column.n_distinct <= _FEW_VALUES:
        found.append(_cross_fitted(codes, in_1, size))
    return float(max(*found, 0.5))


def is_copy(column: CodedColumn, labels: NDArray[np.int64]) -> bool:
    """Return whether a column has one value for each class, in all rows of both classes."""
    used = labels >= 0
    codes, in_1 = column.codes[used], labels[used]
    of_0, of_1 = np.unique(codes[in_1 == 0]), np.unique(codes[in_1 == 1])
    return len(of_0) == 1 and len(of_1) == 1 and of_0[0] != of_1[0]


def _cross_fitted(codes: NDArray[np.int64], in_1: NDArray[np.int64], size: int) -> float:
    fold = np.random.default_rng(0).integers(_FOLDS, size=len(codes))
    cells = codes * _FOLDS + fold
    of_1 = np.bincount(cells, in_1, size * _FOLDS).reshape(size, _FOLDS)
    of_0 = np.bincount(cells, 1 - in_1, size * _FOLDS).reshape(size, _FOLDS)
    areas = []
    for part in range(_FOLDS):
        learned_1 = of_1.sum(axis=1) - of_1[:, part]
        learned_0 = of_0.sum(axis=1) - of_0[:, part]
        share = learned_1.sum() / max(learned_1.sum() + learned_0.sum(), 1)
        # One more row with the overall share, so that rare categories are not extreme.
        score = (learned_1 + share) / (learned_1 + learned_0 + 1)
        areas.append(_area(score, of_1[:, part], of_0[:, part]))
    return float(np.nanmean(areas)) if np.isfinite(areas).any() else 0.5


def _area(score: Floats, of_1: NDArray[Any], of_0: NDArray[Any]) -> float:
    """Return the area under the ROC curve from the number of rows of each class at each score."""
    present = np.flatnonzero(of_1 + of_0)
    order = present[np.argsort(score[present])]
    ordered = score[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])[: len(ordered)]
    ones, zeros = (np.add.reduceat(count[order], starts) for count in (of_1, of_0))
    pairs = ones.sum() * zeros.sum()
    return float((ones * (np.cumsum(zeros) - zeros / 2)).sum() / pairs) if pairs else float("nan")
