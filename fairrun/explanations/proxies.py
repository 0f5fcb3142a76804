"""Proxies: how well each column tells the protected groups apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from fairrun.explanations.marginals import background_of
from fairrun.explanations.rows import FEWEST, choose_rows
from fairrun.groups import GROUP_A, NEITHER
from fairrun.inference import InferenceModel, Numeric, sigmoid
from fairrun.metrics import fold_interval, roc_auc

__all__ = ["TOGETHER", "proxy_table"]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

#: The name of the row for all features together.
TOGETHER = "(all together)"

_FOLDS = 5
_MOST_ROWS = 10_000
#: Numbers are limited to this number of standard deviations from the mean.
_FARTHEST = 10.0


def proxy_table(
    model: InferenceModel,
    frame: pd.DataFrame,
    groups: NDArray[np.int8],
    names: tuple[str, str],
    seed: int = 0,
) -> pd.DataFrame:
    """Return how well each feature alone, and all features together, predict the group.

    A single column predicts with a table: the share of group_a in each category, or in each part of
    the training range of a numeric column. All features together predict with a logistic regression
    on the encoded columns. Both are fitted on four fifths of the rows and measured on the last
    fifth, five times.

    Parameters
    ----------
    model : InferenceModel
        The model, which must store the training ranges of its features.
    frame : DataFrame
        Raw rows.
    groups : array of int8 of shape (n_rows,)
        The groups of the rows. Rows in neither group are not used. If there are many rows, a seeded
        choice of them is used.
    names : tuple of (str, str)
        The names of group_a and group_b.
    seed : int, default 0
        The seed of the folds and of the choice of rows.

    Returns
    -------
    DataFrame
        One row for each feature, and one for `(all together)`. `column`; `roc_auc`, where 0.5 is
        chance and 1 tells every a from every b; `roc_auc_ci_low` and `roc_auc_ci_high`, the 95 %
        interval for this procedure over the folds; and `tells`, the group with the higher values,
        or the category whose share differs most between the groups and the group that has more of
        it. All are empty or NaN if a group has fewer than `FEWEST` rows.
    """
    # Imported here because they are slow to import and only `evaluate` needs them.
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    from fairrun.training import few_threads

    features = [column.name for column in model.encoder.columns]
    known = np.flatnonzero(groups != NEITHER)
    chosen = known[choose_rows(groups[known], _MOST_ROWS, seed)]
    some, in_a = frame.iloc[chosen], (groups[chosen] == GROUP_A).astype(np.int64)
    tells = [""] * len(features)
    aucs = np.full((len(features) + 1, _FOLDS), np.nan)
    if min(in_a.sum(), (1 - in_a).sum()) >= FEWEST:
        coded, tells = _code(model, some, in_a, names)
        encoded = np.clip(model.encoder.encode(some), -_FARTHEST, _FARTHEST)
        folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed).split(encoded, in_a)
        for fold, (learn, test) in enumerate(folds):
            for place, codes in enumerate(coded):
                score = _table_scores(codes, in_a, learn)[codes[test]]
                aucs[place, fold] = roc_auc(in_a[test], score).value
            together = LogisticRegression(max_iter=1000)
            with few_threads(len(learn)):
                together.fit(encoded[learn], in_a[learn])
            score = sigmoid(together.decision_function(encoded[test]))
            aucs[-1, fold] = roc_auc(in_a[test], score).value
    intervals = [fold_interval(values) for values in aucs]
    return pd.DataFrame(
        {
            "column": [*features, TOGETHER],
            "roc_auc": [each.mean for each in intervals],
            "roc_auc_ci_low": [max(each.low, 0.0) for each in intervals],
            "roc_auc_ci_high": [min(each.high, 1.0) for each in intervals],
            "tells": [*tells, ""],
        }
    )


def _code(
    model: InferenceModel, frame: pd.DataFrame, in_a: NDArray[np.int64], names: tuple[str, str]
) -> tuple[list[Codes], list[str]]:
    """Return the category or part of the range of each row, and the text `tells`, per feature."""
    slices = iter(background_of(model).slices)
    coded, tells = [], []
    read = model.encoder.read(frame)
    for column, values in zip(model.encoder.columns, read.columns, strict=True):
        if isinstance(column, Numeric):
            levels = np.unique(next(slices))
            codes = np.searchsorted((levels[1:] + levels[:-1]) / 2, values)
            higher = roc_auc(in_a, rankdata(values) / len(values)).value > 0.5
            tells.append(f"higher: {names[0] if higher else names[1]}")
        else:
            codes = np.maximum(values, -1) + 1  # 0 is a value that is encoded as zeros
            sizes = column.n_codes + 1
            in_b = 1 - in_a
            of_a, of_b = (np.bincount(codes, w, sizes) / w.sum() for w in (in_a, in_b))
            widest = int(np.argmax(np.abs(of_a - of_b)[1:]))
            more = names[0] if of_a[widest + 1] > of_b[widest + 1] else names[1]
            tells.append(f"{column.labels[widest]}: {more}")
        coded.append(codes.astype(np.intp))
    return coded, tells


def _table_scores(codes: Codes, in_a: NDArray[np.int64], learn: Codes) -> Floats:
    """Return the estimated share of group_a at each code, from the rows in `learn`.

    One more row with the overall share is added at each code, so that rare codes are not extreme.

    Examples
    --------
    >>> _table_scores(np.array([0, 0, 1]), np.array([1, 1, 0]), np.array([0, 1, 2])).round(2)
    array([0.89, 0.33])
    """
    size = int(codes.max()) + 1
    n = np.bincount(codes[learn], minlength=size)
    n_a = np.bincount(codes[learn], in_a[learn], minlength=size)
    return np.asarray((n_a + in_a[learn].mean()) / (n + 1))
