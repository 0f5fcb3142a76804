"""Two invented rows, just below and just above the threshold, with their explanations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.explanations.marginals import category_shares, median_row, training_values
from fairrun.groups import NEITHER
from fairrun.inference import Columns, InferenceModel

Row = dict[str, object]

__all__ = ["ABOVE", "BELOW", "ThresholdRows", "threshold_rows"]

BELOW, ABOVE = "below", "above"

#: The invented rows have only categories with at least this share of the training rows.
_RARE = 0.05
#: The target distance of the two scores in log-odds, and the largest number of halvings. If the
#: score jumps, the distance stays larger.
_CLOSE, _HALVINGS = 0.1, 30


@dataclass(frozen=True, eq=False)
class ThresholdRows:
    """Two invented rows next to the threshold, with their explanations.

    Attributes
    ----------
    table : DataFrame
        One row for each side (`below`, `above`) and column: side, column, value (as text),
        contribution and standard_error (0 if exact), in log-odds. A side without a row is missing.
    base_value : float
        The expected score, to which the contributions are added.
    scores : dict of str to float
        The log-odds of the row on each side: the base value plus all contributions.
    threshold : float
        The threshold for these rows, in log-odds.
    has_threshold : bool
        False if the label is that of a randomly drawn member of a mixture. The threshold is then
        that of a probability of one half.
    """

    table: pd.DataFrame
    base_value: float
    scores: dict[str, float]
    threshold: float
    has_threshold: bool


def threshold_rows(model: InferenceModel, order: Sequence[str]) -> ThresholdRows:
    """Return two invented rows, just below and just above the threshold.

    The search starts from a row of medians and most frequent categories. It changes one column:

    1. the most important numeric column that can move the row across the threshold. Its values are
       brought together until the two scores are `_CLOSE`;
    2. otherwise, the text column with the two categories on either side that are closest;
    3. otherwise, it moves the most important column as near to the threshold as possible, and
       repeats the search with the next one.

    No real person has these rows. Numbers are means of many training rows or lie between two such
    means, and categories are frequent.

    Parameters
    ----------
    model : InferenceModel
        A model that holds explanations.
    order : sequence of str
        The columns of the model, the most important first.
    """
    shares = category_shares(model)
    values = {
        name: [each for each in own if name not in shares or shares[name][str(each)] >= _RARE]
        for name, own in training_values(model).items()
    }
    row = {str(name): value for name, (value,) in median_row(model).to_dict("list").items()}
    positions = np.array([NEITHER], dtype=np.intp)
    if model.groups is not None:
        positions = model.groups.positions(pd.DataFrame({name: [v] for name, v in row.items()}))
    thresholds = model.decision.thresholds_of(positions)
    threshold = 0.0 if thresholds is None else float(thresholds[0])
    found: dict[str, Row] = {}
    for mover in (name for name in order if name in values):
        sides = _either_side(model, row, values, order, threshold)
        if sides is not None:
            found = dict(zip((BELOW, ABOVE), sides, strict=True))
            break
        candidates = [row[mover], *values[mover]]
        scores = _scores(model, row, mover, candidates)
        row = row | {mover: candidates[int(np.argmin(np.abs(scores - threshold)))]}
    if not found:
        above = bool(_scores(model, row, order[0], [row[order[0]]])[0] > threshold)
        found = {ABOVE if above else BELOW: row}
    explained = model.explain(pd.DataFrame(list(found.values())))
    errors = explained.standard_errors
    table = pd.DataFrame(
        [
            (side, name, _text(own[name]), contribution, error)
            for place, (side, own) in enumerate(found.items())
            for name, contribution, error in zip(
                explained.columns,
                explained.contributions[place].tolist(),
                np.zeros(len(explained.columns)) if errors is None else errors[place].tolist(),
                strict=True,
            )
        ],
        columns=["side", "column", "value", "contribution", "standard_error"],
    )
    totals = explained.base_value + explained.contributions.sum(axis=1)
    return ThresholdRows(
        table,
        explained.base_value,
        dict(zip(found, totals.tolist(), strict=True)),
        threshold,
        thresholds is not None,
    )


def _either_side(
    model: InferenceModel,
    row: Row,
    values: Mapping[str, Sequence[float | str]],
    order: Sequence[str],
    threshold: float,
) -> tuple[Row, Row] | None:
    """Return two rows on either side of the threshold that differ in one column, or None."""
    best, closest = None, np.inf
    for name in (name for name in order if values.get(name)):
        own = values[name]
        scores = _scores(model, row, name, own)
        over = scores > threshold
        if over.all() or not over.any():
            continue
        below = int(np.argmax(np.where(over, -np.inf, scores)))
        above = int(np.argmin(np.where(over, scores, np.inf)))
        one, other = own[below], own[above]
        if isinstance(one, float) and isinstance(other, float):
            one, other = _narrow(model, row, name, (one, other), threshold)
            return row | {name: one}, row | {name: other}
        if scores[above] - scores[below] < closest:
            best = (row | {name: one}, row | {name: other})
            closest = scores[above] - scores[below]
    return best


def _narrow(
    model: InferenceModel, row: Row, name: str, ends: tuple[float, float], threshold: float
) -> tuple[float, float]:
    """Return two values on either side of the threshold, closer together by repeated halving."""
    below, above = ends
    for _ in range(_HALVINGS):
        middle = (below + above) / 2
        low, score, high = _scores(model, row, name, [below, middle, above]).tolist()
        if high - low <= _CLOSE:
            break
        below, above = (below, middle) if score > threshold else (middle, above)
    return _shorten(model, row, name, below, threshold), _shorten(
        model, row, name, above, threshold
    )


def _shorten(model: InferenceModel, row: Row, name: str, value: float, threshold: float) -> float:
    """Return a value rounded to the fewest digits, at least three, that keep the row's side."""
    shorter = [float(f"{value:.{digits}g}") for digits in range(3, 18)]
    over = _scores(model, row, name, [*shorter, value]) > threshold
    return shorter[int(np.argmax(over[:-1] == over[-1]))]


def _scores(
    model: InferenceModel, row: Row, name: str, values: Sequence[object]
) -> NDArray[np.float64]:
    """Return the scores of a row with each of several values of a column."""
    columns = {other: [value] * len(values) for other, value in row.items()}
    return model.log_odds(Columns(columns | {name: list(values)}, len(values)))


def _text(value: object) -> str:
    """Return a value as text.

    Examples
    --------
    >>> _text(38.0), _text(0.423), _text(189779.5), _text("Sales")
    ('38', '0.423', '189,779.5', 'Sales')
    """
    return f"{value:,.12g}" if isinstance(value, float) else str(value)
