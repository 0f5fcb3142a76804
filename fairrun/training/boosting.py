"""Boosted trees whose thresholds show no value of one training row."""

from __future__ import annotations

from typing import Any

from sklearn.ensemble import HistGradientBoostingClassifier

from fairrun.training.shared_values import pool

__all__ = ["PooledBoosting"]


class PooledBoosting(HistGradientBoostingClassifier):  # type: ignore[misc]
    """scikit-learn's boosted trees, fitted on numbers that enough rows share.

    scikit-learn puts a threshold midway between two neighbouring values of a column. With the
    values of two persons, it would show their mean, and with all thresholds nearly every value.
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> PooledBoosting:
        """Fit as scikit-learn does, on pooled values; see `pool`."""
        super().fit(pool(X), y, sample_weight)
        return self
