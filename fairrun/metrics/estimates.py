"""Rates and comparisons of groups with intervals: the interface of all kinds of tables.

`Counted` is for `Counts`, `Linearised` for `WeightedCounts`, and `Clustered` for clusters of rows,
each in a file of its own. `audit` uses them alike.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairrun.metrics.bias import BiasMetric
from fairrun.metrics.intervals import (
    Intervals,
)
from fairrun.metrics.rates import MeanOfRates, Rate, Tables
from fairrun.metrics.worst import Pairs

__all__ = ["GroupEstimates"]


class GroupEstimates(ABC):
    """Estimates of rates and comparisons for a set of groups.

    Attributes
    ----------
    tables : array of shape (n_groups, 2, 2)
        Counts or sums of weights by group, label and prediction.
    """

    tables: Tables

    def about_groups(self) -> dict[str, NDArray[Any]]:
        """Return more columns of a table of rates: what is known about each group."""
        return {}

    def about_rate(self, _: Rate | MeanOfRates) -> dict[str, NDArray[Any]]:
        """Return more columns of a table of rates: what is known about a rate of each group."""
        return {}

    def undefined_reason(self, metric: BiasMetric, pair: NDArray[np.intp], a: str, b: str) -> str:
        """Return why a metric of two groups, given by position and by name, is NaN."""
        return metric.undefined_reason(self.tables[pair], a, b)

    def rate_reasons(self, rate: Rate | MeanOfRates, groups: tuple[str, ...]) -> list[str]:
        """Return for each group, given by name, why the rate is NaN; empty if it is not."""
        return [*map(rate.undefined_reason, self.tables, groups)]

    @abstractmethod
    def rate(self, rate: Rate | MeanOfRates) -> Intervals:
        """Estimate a rate of each group; each interval covers separately."""

    @abstractmethod
    def each(self, metric: BiasMetric, pairs: Pairs) -> Intervals:
        """Estimate a metric of each pair of groups; each interval covers separately."""

    @abstractmethod
    def each_and_together(
        self, metric: BiasMetric, pairs: Pairs
    ) -> tuple[Intervals, Pairs, Intervals]:
        """Estimate a metric of each pair twice: with separate and with simultaneous intervals.

        Parameters
        ----------
        metric : BiasMetric
            One of `BIAS_METRICS`.
        pairs : array of int of shape (n_pairs, 2)
            Positions of groups.

        Returns
        -------
        each : Intervals
            The estimates for `pairs`. Each interval covers separately.
        turned : array of int of shape (n_pairs, 2)
            The pairs in the order that `orient` gives them.
        together : Intervals
            The estimates for `turned`. All intervals cover at once.
        """
