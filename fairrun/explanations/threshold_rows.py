"""Two rows that are nobody's, just below and just above the threshold, and why they are there."""

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

#: Rows are not given a category that a smaller share of the training rows had.
_RARE = 0.05
#: How close the two scores are to be, in log-odds; where a score jumps they stay farther apart.
_CLOSE, _HALVINGS = 0.1, 30


@dataclass(frozen=True, eq=False)
class ThresholdRows:
    """Two rows beside the threshold, explained.

    Parameters
    ----------
    table : DataFrame
        One row for each side (`below`, `above`) and column: side, column, value (as text),
        contribution and standard_error (0 where it is exact), in log-odds. A side that no row was
        found for is not there.
    base_value : float
        Where the contributions start from.
    scores : dict of str to float
        The log-odds of each side's row: the base value and all its contributions.
    threshold : float
        What decides for these rows, in log-odds.
    has_threshold : bool
        False where labels are drawn by vote: the threshold is then that of an even chance.
    """

    table: pd.DataFrame
    base_value: float
    scores: dict[str, float]
    threshold: float
    has_threshold: bool


def threshold_rows(model: InferenceModel, order: Sequence[str]) -> ThresholdRows:
    """Move a row of medians along its columns until it lies beside its threshold.

    Of the numeric columns that can take the row across by themselves, the most important one is
    moved, until the two scores are `_CLOSE` together; if there is none, the column of text with the
    closest categories on either side. If there is none either, the most important column is moved
    as near to the threshold as it goes, then the next one, until one can. Numbers are means of many
    training rows or between two of them, and categories are frequent ones: the rows are nobody's.

    Parameters
    ----------
    model : InferenceModel
        A model that holds explanations.
    order : sequence of str
        Its columns, the most important first.
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
    """Find two rows that differ in one column and lie on either side, if there are any."""
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
    """Halve the way between a value that leads below and one that leads above."""
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
    """Round a value to as few digits as leave the row on its side, three at least."""
    shorter = [float(f"{value:.{digits}g}") for digits in range(3, 18)]
    over = _scores(model, row, name, [*shorter, value]) > threshold
    return shorter[int(np.argmax(over[:-1] == over[-1]))]


def _scores(
    model: InferenceModel, row: Row, name: str, values: Sequence[object]
) -> NDArray[np.float64]:
    """Score a row with each of several values of a column."""
    columns = {other: [value] * len(values) for other, value in row.items()}
    return model.log_odds(Columns(columns | {name: list(values)}, len(values)))


def _text(value: object) -> str:
    """Write a value.

    Examples
    --------
    >>> _text(38.0), _text(0.423), _text(189779.5), _text("Sales")
    ('38', '0.423', '189,779.5', 'Sales')
    """
    return f"{value:,.12g}" if isinstance(value, float) else str(value)
