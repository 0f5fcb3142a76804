"""Comparisons of groups by the probability that a row is in each, if the group is not known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from fairrun.errors import RequestError
from fairrun.groups import ProtectedColumn
from fairrun.inference import value_text
from fairrun.metrics.bias import BiasMetric
from fairrun.metrics.checks import as_binary, as_labels, as_weights
from fairrun.metrics.closed_form import normal_quantile
from fairrun.metrics.rates import FloatArray, Rate, divide
from fairrun.text import did_you_mean, n_of

__all__ = ["ASSUMPTION", "Membership", "membership_of"]

#: What the value with membership probabilities assumes.
ASSUMPTION = (
    "it assumes that among rows with the same probability, being counted does not depend on the "
    "group; if it does, the value is wrong by the covariance of the two"
)
_CLUSTERED = "the value with membership has no interval, because it takes rows as independent"
_FEW = 5
_FEW_ROWS = (
    "the value with membership has no interval, because the rows that count, or those that do not, "
    "are worth fewer than 5 of a group"
)


@dataclass(frozen=True, eq=False)
class Membership:
    """Sums of the probabilities that rows are in group_a and in group_b.

    Rows with a known value have the probabilities 0 and 1.

    Attributes
    ----------
    sums : array of shape (2, 2, 5)
        By label and prediction: Σ m_a, Σ m_b, Σ m_a², Σ m_b² and Σ m_a m_b, where m is the
        probability times the weight of the row.
    column : ProtectedColumn
        The protected column.
    clustered : bool
        Whether the rows come in clusters. There are no intervals then.
    """

    sums: FloatArray
    column: ProtectedColumn
    clustered: bool = False

    def estimate(
        self, metric: BiasMetric, confidence: float = 0.95
    ) -> tuple[float, float, float, str]:
        """Return a difference or ratio, its limits, and why one of them is NaN.

        A rate of a group is Σ m y / Σ m, where y is 1 for the rows that count. It differs from the
        rate of the true group by −E[Cov(in the group, y | proxies)] / P(in the group), which is 0
        if both are independent given the proxies that the probability comes from, and if the
        probabilities are right.

        References
        ----------
        Chen, Kallus, Mao, Svacha and Udell (2019), "Fairness under unawareness: assessing disparity
        when protected class is unobserved", FAT* (the weighted estimator, and its bias).
        """
        values, variances = [], []
        reason = _CLUSTERED if self.clustered else ""
        for rate in metric.rates:
            top, bottom = (np.reshape(w, (2, 2)) for w in (rate.numerator, rate.denominator))
            counted, size = (
                np.tensordot(part, self.sums, axes=2)[:2] for part in (top > 0, bottom > 0)
            )
            p = divide(counted, size)
            if np.isnan(p).any() or (metric.kind == "ratio" and p[1] == 0):
                return np.nan, np.nan, np.nan, self._undefined(metric, rate, size)
            reason = reason or (_FEW_ROWS if self._is_few(top > 0, bottom > 0) else "")
            off = (top[..., None] - p) * bottom[..., None] / size
            of_a, of_b = (np.sum(off[..., g] ** 2 * self.sums[..., 2 + g]) for g in (0, 1))
            both = np.sum(off[..., 0] * off[..., 1] * self.sums[..., 4])
            if metric.kind == "ratio":
                values.append(p[0] / p[1])
                # The variance of the logarithm.
                variances.append(
                    np.inf
                    if p[0] == 0
                    else of_a / p[0] ** 2 + of_b / p[1] ** 2 - 2 * both / (p[0] * p[1])
                )
            else:
                values.append(p[0] - p[1])
                variances.append(of_a + of_b - 2 * both)
        value = float(np.mean(values))
        if reason:
            return value, np.nan, np.nan, reason
        half = normal_quantile(confidence) * float(np.sqrt(np.sum(variances))) / len(values)
        if metric.kind == "ratio":
            return value, value * float(np.exp(-half)), value * float(np.exp(half)), ""
        return value, value - half, value + half, ""

    def _is_few(self, top: NDArray[np.bool_], bottom: NDArray[np.bool_]) -> bool:
        """Return whether too few rows count, or do not, for a normal interval."""
        sides = [self.sums[side].sum(axis=0) for side in (top, bottom & ~top)]
        worth = [divide(side[:2] ** 2, side[2:4]) for side in sides]
        return bool((np.nan_to_num(worth) < _FEW).any())

    def _undefined(self, metric: BiasMetric, rate: Rate, size: FloatArray) -> str:
        a, b = self.column.group_names
        for group, of_group in ((a, size[0]), (b, size[1])):
            if of_group == 0:
                return f"no row of {group} {rate.condition}".rstrip()
        return metric.undefined.format(a=a, b=b)


def membership_of(
    frame: pd.DataFrame,
    membership: Sequence[str],
    column: ProtectedColumn,
    positions: NDArray[np.intp],
    y_true: ArrayLike | None,
    y_pred: ArrayLike,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
) -> Membership:
    """Sum the probabilities that rows are in the groups of a protected column.

    Parameters
    ----------
    frame : pandas.DataFrame
        The rows, with the columns of probabilities.
    membership : sequence of str
        One column with the probability of group_a; that of group_b is the rest. Or for each value
        of the protected column ``value:column``, such as ``Black:p_black``; the groups have the
        sums of their values.
    column : ProtectedColumn
        The protected column.
    positions : array of int of shape (n_rows,)
        The positions of the rows' values; −1 for an unknown value. A known value counts, whatever
        the probabilities say.
    y_true, y_pred, weight, cluster
        See `evaluate_predictions`.

    Returns
    -------
    Membership

    Raises
    ------
    RequestError
        If a column is unknown, a value is not one of the protected column or a group has none, a
        probability of a row with an unknown value is missing or outside [0, 1], or those of a row
        sum to more than 1.

    Examples
    --------
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> frame = pd.DataFrame({"p_male": [0.9, 0.2, 0.5]})
    >>> membership_of(frame, ["p_male"], sex, np.array([-1, -1, 1]), None, [1, 0, 1]).sums[0, 1, :2]
    array([0.9, 1.1])
    """
    predicted = as_binary("y_pred", y_pred)
    labels = as_labels(y_true, predicted)
    unknown = np.asarray(positions) < 0
    known = column.group_of_position[np.asarray(positions)]
    given = _probabilities(frame, membership, column, unknown)
    in_groups = np.stack([np.where(unknown, given[g], known == g) for g in (0, 1)], axis=-1)
    in_groups = in_groups * (1.0 if weight is None else as_weights(weight)[:, None])
    a, b = in_groups.T
    cell = labels.astype(np.intp) * 2 + predicted
    sums = [np.bincount(cell, each, minlength=4) for each in (a, b, a * a, b * b, a * b)]
    of_cells = np.stack(sums, axis=-1).astype(np.float64).reshape(2, 2, 5)
    return Membership(of_cells, column, cluster is not None)


def _probabilities(
    frame: pd.DataFrame,
    membership: Sequence[str],
    column: ProtectedColumn,
    unknown: NDArray[np.bool_],
) -> FloatArray:
    """Return the probabilities of group_a and group_b, of shape (2, n_rows)."""
    if len(membership) == 1 and (membership[0] in frame.columns or ":" not in membership[0]):
        of_a = _column(frame, membership[0], unknown)
        return np.stack([of_a, 1 - of_a])
    groups = {value_text(value): 0 for value in column.group_a}
    groups |= {value_text(value): 1 for value in column.group_b}
    texts = [*map(value_text, column.values)]
    found = np.zeros((2, len(frame)))
    every = np.zeros(len(frame))
    seen = set()
    for item in membership:
        value, colon, name = item.rpartition(":")
        if not colon or value.strip() not in texts:
            raise RequestError(
                f"membership={item} names no value of {column.name}; give one column with the "
                f"probability of {column.group_names[0]}, or value:column for each value, such as "
                f"membership={texts[0]}:p_{column.name}"
            )
        probability = _column(frame, name.strip(), unknown)
        every += probability
        if value.strip() in groups:
            found[groups[value.strip()]] += probability
            seen.add(groups[value.strip()])
    if len(seen) < 2 or len({item.rpartition(":")[0].strip() for item in membership}) < len(
        membership
    ):
        raise RequestError(
            f"membership has no column for one of the groups of {column.name} "
            f"({' and '.join(column.group_names)}), or two for one value; give one column for each "
            "value"
        )
    n_above = int((every[unknown] > 1 + 1e-6).sum())
    if n_above:
        raise RequestError(
            f"the probabilities of membership sum to more than 1 in {n_of(n_above, 'row')}; give "
            "probabilities of values that exclude each other"
        )
    return found


def _column(frame: pd.DataFrame, name: str, unknown: NDArray[np.bool_]) -> FloatArray:
    """Return a column of probabilities, which are only needed where the value is unknown."""
    if name not in frame.columns:
        columns = [*map(str, frame.columns)]
        meant = did_you_mean(name, columns, f"the columns are {', '.join(columns)}")
        raise RequestError(f"membership={name} is not a column of the data; {meant}")
    numbers = pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=np.float64)
    wrong = unknown & ~((numbers >= 0) & (numbers <= 1))
    if wrong.any():
        raise RequestError(
            f"membership={name} has no number between 0 and 1 in {n_of(int(wrong.sum()), 'row')} "
            "without a known value; give a probability for each of them"
        )
    return np.where(unknown, numbers, 0.0)
