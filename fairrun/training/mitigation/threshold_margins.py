"""What the rows show about the rates of the groups: standard errors, margins and evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from fairrun.training.mitigation.threshold_constraints import CONSTRAINTS
from fairrun.training.mitigation.threshold_steps import ROUNDING

__all__ = ["Margins"]

_Floats = NDArray[np.float64]
_Bools = NDArray[np.bool_]

#: The two-sided error of three standard errors, which leaving the one threshold may have at most.
_THREE_ERRORS = 0.0027
#: The groups' windows are not smaller than this many standard errors of the group's rate.
OWN_NOISE = 0.5
#: A group with too few rows moves to where it differs by this part of what makes it move. A group
#: that moves has often been drawn further out than it is, so a full move would go too far.
_PART = 0.5


@dataclass(frozen=True)
class Margins:
    """The limits of a constraint, and what rows show about them.

    Rates have the shape (n_groups, n_rates), and so have their (effective) numbers of rows.

    Attributes
    ----------
    ratio : bool
        Whether rates are compared by their ratio. Their place is then the logarithm of the rate.
    limit : float
        The largest allowed distance between the places of two groups.
    quantile : float
        The number of standard errors in the margin of a pair; 0 for confidence=0.5.
    trigger : float
        The number of standard errors at which the rows show that the rates of a pair differ.
    """

    ratio: bool
    limit: float
    quantile: float
    trigger: float

    @classmethod
    def of(cls, constraint: str, tolerance: float, confidence: float, n_groups: int) -> Margins:
        """Return the margins of a constraint; the errors are divided among pairs and rates."""
        asked = CONSTRAINTS[constraint]
        compared = len(asked.rates) * n_groups * (n_groups - 1) // 2
        limit = tolerance
        if asked.ratio:
            limit = -float(np.log1p(-tolerance)) if tolerance < 1 else np.inf
        if confidence == 0.5:
            return cls(asked.ratio, limit, 0.0, 0.0)
        quantile, trigger = ndtri(
            [1 - (1 - confidence) / compared, 1 - _THREE_ERRORS / 2 / compared]
        )
        return cls(asked.ratio, limit, float(quantile), float(trigger))

    def places(self, rates: _Floats, size: NDArray[Any]) -> _Floats:
        """Return the rates, or for a ratio the logarithms of the smoothed rates."""
        if not self.ratio:
            return rates
        return np.asarray(np.log(rates if self.quantile == 0 else _smoothed(rates, size)))

    def errors(self, rates: _Floats, size: NDArray[Any]) -> _Floats:
        """Return the standard error of each place, from the smoothed rate."""
        return self._errors(_smoothed(rates, size), size)

    def errors_if_equal(self, rates: _Floats, size: NDArray[Any]) -> _Floats:
        """Return the standard error of each place if the group may have the rate of all rows.

        The larger error of the group's own rate and of the rate of all rows counts. A rate of 0 of
        5 rows says little if half of all rows are selected, although its own error is small.
        """
        everybody = _smoothed((rates * size).sum(axis=0) / size.sum(axis=0), size.sum(axis=0))
        pooled = self._errors(np.broadcast_to(everybody, rates.shape), size)
        return np.maximum(self.errors(rates, size), pooled)

    def pull(self, rates: _Floats, size: NDArray[Any]) -> _Floats:
        """Return how far from the common rate a group with too few rows may stay."""
        return np.asarray(_PART * self.trigger * self.errors_if_equal(rates, size))

    def _errors(self, rates: _Floats, size: NDArray[Any]) -> _Floats:
        variance = (1 - rates) / (size * rates) if self.ratio else rates * (1 - rates) / size
        return np.asarray(np.sqrt(variance))

    def excess(self, rates: _Floats, size: NDArray[Any]) -> tuple[_Floats, _Floats]:
        """Return distance and margin of all pairs of groups, each (n_groups, n_groups, n_rates)."""
        return _distance(self.places(rates, size)), self.quantile * _both(self.errors(rates, size))

    def shown(self, rates: _Floats, size: NDArray[Any]) -> bool:
        """Return whether all pairs of groups keep the limit with their margins."""
        if self.ratio and not rates.all():
            return False
        distance, margin = self.excess(rates, size)
        return bool((distance + margin * _others(len(rates)) <= self.limit + 10 * ROUNDING).all())

    def differ(self, rates: _Floats, size: NDArray[Any]) -> _Bools:
        """Return for each pair of groups whether the rows show that they miss the constraint.

        They do if the limit is not kept with its margin, and if the rates differ by more than
        noise. Without a margin, they do if the limit is not kept.
        """
        if self.quantile == 0:
            if self.ratio and not rates.all():
                return ~np.eye(len(rates), dtype=bool)
            beyond = _distance(self.places(rates, size)) > self.limit + 10 * ROUNDING
            return np.asarray(beyond.any(axis=-1))
        distance, margin = self.excess(rates, size)
        noise = self.trigger * _both(self.errors_if_equal(rates, size))
        return np.asarray((distance > np.maximum(self.limit - margin, noise)).any(axis=-1))

    def carried(self, rates: _Floats, size: NDArray[Any]) -> _Bools:
        """Return the groups whose rows can show that they keep the constraint among each other.

        These are as many groups as possible, beginning with the one with the smallest error.
        """
        errors = self.errors(rates, size)
        order = np.argsort(errors.max(axis=1), kind="stable")
        for n in range(len(rates), 1, -1):
            kept = order[:n]
            if self.room(rates[kept], size[kept]).min() > 0:
                return np.isin(np.arange(len(rates)), kept)
        return np.zeros(len(rates), dtype=bool)

    def room(self, rates: _Floats, size: NDArray[Any]) -> _Floats:
        """Return half the allowed distance of all groups minus the noise of the worst one's rate.

        The result has a number for each rate. If it is not above 0, the rows are too few.
        """
        errors = self.errors(rates, size)
        margin = self.quantile * _both(errors) * _others(len(rates))
        return np.asarray(
            (self.limit - margin.max(axis=(0, 1))) / 2 - OWN_NOISE * errors.max(axis=0)
        )


def _smoothed(rates: _Floats, size: NDArray[Any]) -> _Floats:
    """Return (x + ½) / (n + 1), so that a rate of 0 or 1 of few rows has a variance."""
    return np.asarray((rates * size + 0.5) / (size + 1))


def _distance(places: _Floats) -> _Floats:
    return np.asarray(np.abs(places[:, None] - places[None]))


def _both(errors: _Floats) -> _Floats:
    return np.asarray(np.hypot(errors[:, None], errors[None]))


def _others(n_groups: int) -> _Bools:
    """Return a mask of pairs of different groups that broadcasts over rates."""
    return ~np.eye(n_groups, dtype=bool)[..., None]
