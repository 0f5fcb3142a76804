"""Rates: shares of the rows of a group, as functions of its 2 x 2 table.

A rate takes tables of any shape (..., 2, 2), indexed by label and prediction: one table, one for
each group, or thousands of replicates. The tables hold counts or sums of weights. A rate with a
denominator of 0 is NaN, and `Rate.undefined_reason` returns the reason in words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "GROUP_RATES",
    "FloatArray",
    "MeanOfRates",
    "Rate",
    "Tables",
    "accuracy",
    "balanced_accuracy",
    "base_rate",
    "divide",
    "f1",
    "false_negative_rate",
    "false_positive_rate",
    "negative_predictive_value",
    "positive_predictive_value",
    "selection_rate",
    "true_negative_rate",
    "true_positive_rate",
]

FloatArray = NDArray[np.float64]
#: Tables of counts or of sums of weights, of shape (..., 2, 2).
Tables = NDArray[Any]


def divide(numerator: ArrayLike, denominator: ArrayLike) -> FloatArray:
    """Return the elementwise quotient, with NaN and no warning where the denominator is 0."""
    numerator, denominator = np.asarray(numerator), np.asarray(denominator)
    return np.asarray(numerator / np.where(denominator != 0, denominator, np.nan))


@dataclass(frozen=True)
class Rate:
    """A ratio of two sums over the cells of a 2 x 2 table.

    Attributes
    ----------
    name : str
        The name of the rate.
    numerator, denominator : tuple of int
        The weights of the true negatives, false positives, false negatives and true positives.
    condition : str
        The condition for a row to count in the denominator, such as "has label 1". Empty if every
        row counts.

    Examples
    --------
    >>> true_positive_rate(np.array([[5, 1], [2, 6]])).item()
    0.75
    >>> true_positive_rate.undefined_reason(np.array([[5, 1], [0, 0]]), "Female")
    'no row of Female has label 1'
    """

    name: str
    numerator: tuple[int, int, int, int]
    denominator: tuple[int, int, int, int]
    condition: str = ""

    def __call__(self, tables: Tables) -> FloatArray:
        """Compute the rate of each table; NaN where no row counts in the denominator."""
        return divide(self.count(tables), self.size(tables))

    @property
    def parts(self) -> tuple[Rate, ...]:
        """Return a tuple that holds only this rate; `MeanOfRates.parts` holds several."""
        return (self,)

    def count(self, tables: Tables) -> NDArray[Any]:
        """Return the numerator: the number of rows (or sum of weights) that have the property."""
        return _weigh(tables, self.numerator)

    def size(self, tables: Tables) -> NDArray[Any]:
        """Return the denominator: the number of rows (or sum of weights) behind the rate."""
        return _weigh(tables, self.denominator)

    def gradient(self, tables: Tables) -> FloatArray:
        """Return the derivative of the rate by each cell of its table, for linearisation.

        Parameters
        ----------
        tables : array of shape (..., 2, 2)
            The tables.

        Returns
        -------
        array of shape (..., 2, 2)
            (numerator − rate × denominator) / size, where numerator and denominator are the weights
            of the cell.
        """
        top, bottom = (np.reshape(w, (2, 2)) for w in (self.numerator, self.denominator))
        rate, size = self(tables)[..., None, None], self.size(tables)[..., None, None]
        return divide(top - rate * bottom, size)

    def undefined_reason(self, table: Tables, group: str) -> str:
        """Return why the rate of one group is NaN; empty if it is not NaN."""
        if self.size(table) > 0:
            return ""
        return f"no row of {group}" + (f" {self.condition}" if table.sum() > 0 else "")


@dataclass(frozen=True)
class MeanOfRates:
    """The mean of several rates of the same table.

    Attributes
    ----------
    name : str
        The name of the mean.
    parts : tuple of Rate
        The rates. No row counts in the denominators of two of them.
    """

    name: str
    parts: tuple[Rate, ...]

    def __call__(self, tables: Tables) -> FloatArray:
        """Compute the mean for each table; NaN where one of the rates is NaN."""
        return np.asarray(sum(rate(tables) for rate in self.parts) / len(self.parts))

    def undefined_reason(self, table: Tables, group: str) -> str:
        """Return why the mean of one group is NaN; empty if it is not NaN."""
        reasons = (rate.undefined_reason(table, group) for rate in self.parts)
        return next(filter(None, reasons), "")


def _weigh(tables: Tables, weights: tuple[int, int, int, int]) -> NDArray[Any]:
    """Return the weighted sum of the four cells of each table."""
    terms = [
        tables[..., i // 2, i % 2] * weight if weight > 1 else tables[..., i // 2, i % 2]
        for i, weight in enumerate(weights)
        if weight
    ]
    return np.asarray(sum(terms[1:], start=terms[0]))


_ALL = (1, 1, 1, 1)
_NEGATIVES, _POSITIVES = (1, 1, 0, 0), (0, 0, 1, 1)
_REJECTED, _SELECTED = (1, 0, 1, 0), (0, 1, 0, 1)
_TN, _FP, _FN, _TP = (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)

#: P(label = 1).
base_rate = Rate("base_rate", _POSITIVES, _ALL)
#: P(prediction = 1).
selection_rate = Rate("selection_rate", _SELECTED, _ALL)
#: P(prediction = 1 | label = 1), also called recall.
true_positive_rate = Rate("true_positive_rate", _TP, _POSITIVES, "has label 1")
#: P(prediction = 1 | label = 0).
false_positive_rate = Rate("false_positive_rate", _FP, _NEGATIVES, "has label 0")
#: P(prediction = 0 | label = 1).
false_negative_rate = Rate("false_negative_rate", _FN, _POSITIVES, "has label 1")
#: P(prediction = 0 | label = 0).
true_negative_rate = Rate("true_negative_rate", _TN, _NEGATIVES, "has label 0")
#: P(label = 1 | prediction = 1), also called precision.
positive_predictive_value = Rate("positive_predictive_value", _TP, _SELECTED, "is predicted 1")
#: P(label = 0 | prediction = 0).
negative_predictive_value = Rate("negative_predictive_value", _TN, _REJECTED, "is predicted 0")
#: The mean of the true positive and the true negative rate.
balanced_accuracy = MeanOfRates("balanced_accuracy", (true_positive_rate, true_negative_rate))
#: P(prediction = label).
accuracy = Rate("accuracy", (1, 0, 0, 1), _ALL)
#: Harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN).
f1 = Rate("f1", (0, 0, 0, 2), (0, 1, 1, 2), "has label 1 or is predicted 1")

#: The rates that are reported for every group.
GROUP_RATES: dict[str, Rate] = {
    rate.name: rate
    for rate in (
        base_rate,
        selection_rate,
        true_positive_rate,
        false_positive_rate,
        false_negative_rate,
        positive_predictive_value,
        negative_predictive_value,
        accuracy,
    )
}
