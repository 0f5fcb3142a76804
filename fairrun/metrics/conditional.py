"""Conditional parity: two groups compared within strata of legitimate factors, and pooled.

A difference of selection rates can come from a factor that may count, such as the department to
which people apply. The groups are therefore compared among rows with equal factors (a stratum), and
the strata are pooled with stated weights. Two estimates are given for each metric:

- `mantel_haenszel` weighs each stratum by n_a n_b / (n_a + n_b), its information about a
  difference. This is the headline: it uses every stratum with rows of both groups, also small ones,
  and no stratum with two rows of one group can decide it.
- `standardised` weighs each stratum by its share of the rows of both groups (direct
  standardisation). It is the difference of two rates that both groups would have with the strata of
  all rows. It can hang on a few rows, where one group has hardly any row in a large stratum.

Both agree if the difference is the same in all strata.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from fairrun.errors import RequestError
from fairrun.groups import ProtectedColumn, factor_columns
from fairrun.metrics.bias import BIAS_METRICS
from fairrun.metrics.cluster_tables import ClusterTables
from fairrun.metrics.clustered import ClusterReplicates
from fairrun.metrics.conditional_tables import (
    disparity_rows,
    left_out,
    pooled_rows,
    stratum_rows,
)
from fairrun.metrics.measurable import bias_metrics
from fairrun.metrics.pooling import DISPARITIES
from fairrun.metrics.pooling_kinds import pooler_of
from fairrun.metrics.strata import strata_of
from fairrun.metrics.weighted import AnyCounts, count_rows
from fairrun.text import with_interval

__all__ = ["ConditionalParity", "conditional_parity", "measure_conditional"]


@dataclass(frozen=True, eq=False)
class ConditionalParity:
    """Comparisons of two groups within strata: long tables with one value in each row.

    Both tables have the columns protected, given (the factors, joined by ":"), group_a, group_b,
    metric, value, ci_low, ci_high, method and reason (why the value or its interval is NaN; empty
    otherwise). Differences are a − b, and ratios are a / b.

    Attributes
    ----------
    pooled : DataFrame
        One row for each metric and estimate, which is "marginal" (the groups as a whole, on the
        rows that have a stratum), "mantel_haenszel" or "standardised". Further columns: n_a and n_b
        (the rows behind the estimate), n_strata (the strata with rows of both groups),
        share_compared (the share of the rows in these strata) and homogeneity_p (the p-value of a
        test that all strata have the same value).
    strata : DataFrame
        One row for each metric and stratum, with the further columns stratum, n_a, n_b, rate_a,
        rate_b and weight (the stratum's share of the Mantel–Haenszel weights).
    given : tuple of str
        The factors.
    counts : Counts or WeightedCounts
        The counts of the rows, with an axis for each factor. The counts of separate sets of rows
        can be merged with ``+`` and given to `conditional_parity`.
    notes : tuple of str
        Rows and strata that are left out, one sentence for each protected column.
    """

    pooled: pd.DataFrame
    strata: pd.DataFrame
    given: tuple[str, ...]
    counts: AnyCounts
    notes: tuple[str, ...] = ()

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables by name."""
        return {"conditional": self.pooled, "conditional_strata": self.strata}

    @property
    def reversals(self) -> tuple[str, ...]:
        """Return a sentence for each difference that has the opposite sign within strata.

        This is Simpson's paradox. It is said only if the intervals of the marginal and of the
        Mantel–Haenszel difference both exclude 0.

        References
        ----------
        Bickel, Hammel and O'Connell (1975), "Sex bias in graduate admissions: data from Berkeley",
        Science 187.
        """
        return tuple(self._sentence(*pair) for pair in self._differences() if _opposite(*pair))

    @property
    def not_within_strata(self) -> tuple[str, ...]:
        """Return a sentence for each marginal difference that is not seen within strata.

        The interval of the marginal difference excludes 0, and that of the Mantel–Haenszel
        difference contains it. This does not show that the groups are equal within strata.
        """
        return tuple(self._sentence(*pair) for pair in self._differences() if _vanishes(*pair))

    @property
    def findings(self) -> tuple[str, ...]:
        """Return the sentences above, and one about the selection rates of each column."""
        said = {*self.reversals, *self.not_within_strata}
        return tuple(
            sentence
            for pair in self._differences()
            if (sentence := self._sentence(*pair)) in said
            or (pair[0]["metric"] == "statistical_parity" and pd.notna(pair[1]["value"]))
        )

    def _differences(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Return the marginal and the pooled row of each difference."""
        names = {name for name, metric in BIAS_METRICS.items() if metric.kind == "difference"}
        rows = self.pooled[self.pooled["metric"].isin(names)]
        found = []
        for _, of_metric in rows.groupby(["protected", "metric"], sort=False):
            by = {
                row["estimate"]: {str(k): v for k, v in row.items()}
                for row in of_metric.to_dict("records")
            }
            found.append((by["marginal"], by["mantel_haenszel"]))
        return found

    def _sentence(self, marginal: dict[str, Any], pooled: dict[str, Any]) -> str:
        numbers = [
            with_interval(row["value"], row["ci_low"], row["ci_high"], signed=True)
            for row in (marginal, pooled)
        ]
        within = " and ".join(self.given)
        what = str(pooled["metric"]).replace("_", " ")
        says = ""
        if _opposite(marginal, pooled):
            says = ", which is the opposite (Simpson's paradox): compare the strata before you act"
        elif _vanishes(marginal, pooled):
            says = ", which shows no difference"
        return (
            f"{pooled['protected']}, {what} of {pooled['group_a']} against {pooled['group_b']}: "
            f"{numbers[0]} in all strata together, and {numbers[1]} among rows with the same "
            f"{within}{says}"
        )


def measure_conditional(
    frame: pd.DataFrame,
    given: Sequence[str],
    protected: Sequence[ProtectedColumn],
    positions: Sequence[ArrayLike],
    y_true: ArrayLike | None,
    y_pred: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    seed: int = 0,
) -> ConditionalParity:
    """Compare the groups of rows within strata of legitimate factors.

    Parameters
    ----------
    frame : pandas.DataFrame
        The rows, with the factors.
    given : sequence of str
        The factors: columns, or columns of numbers with bins, such as ``age:18..25..40``; see
        `fairrun.groups.factor_columns`.
    protected, positions
        The protected columns and the rows' positions in their values, as for
        `evaluate_predictions`.
    y_true : array of shape (n_rows,), or None
        The labels, 0 or 1. Without labels, only metrics of predictions are measured.
    y_pred : array of shape (n_rows,)
        The predictions, 0 or 1, where 1 is the favourable outcome.
    weight, cluster : array of shape (n_rows,), optional
        The weight and the cluster of each row.
    seed : int
        The seed of the random numbers for clusters.

    Returns
    -------
    ConditionalParity

    Raises
    ------
    RequestError
        If a factor is unknown, is a protected column, or has too many values; or if the rows cannot
        be counted.

    Examples
    --------
    In a made-up university, women apply to the department that rejects most people:

    >>> rows = [("x", 0, 1, 62), ("x", 0, 0, 38), ("x", 1, 1, 16), ("x", 1, 0, 4),
    ...         ("y", 0, 1, 4), ("y", 0, 0, 16), ("y", 1, 1, 34), ("y", 1, 0, 66)]
    >>> frame = pd.DataFrame([row[:3] for row in rows for _ in range(row[3])],
    ...                      columns=["department", "sex", "admitted"])
    >>> sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    >>> found = measure_conditional(
    ...     frame, ["department"], [sex], [frame["sex"].to_numpy()], None, frame["admitted"])
    >>> pooled = found.pooled[found.pooled["metric"] == "statistical_parity"]
    >>> pooled[["estimate", "value", "ci_low", "ci_high"]].round(2)
              estimate  value  ci_low  ci_high
    0         marginal   0.13    0.00     0.26
    1  mantel_haenszel  -0.16   -0.28     0.00
    2     standardised  -0.16   -0.28     0.02
    """
    columns = factor_columns(frame, given)
    names = [column.name for column in protected]
    both = [column.name for column in columns if column.name in names]
    if both:
        raise RequestError(
            f"given={both[0]} is a protected column, and no group can be compared with itself; "
            "give other columns"
        )
    of_rows = [*positions, *(column.positions(frame) for column in columns)]
    counts = count_rows([*protected, *columns], of_rows, y_true, y_pred, weight)
    clusters = None
    if cluster is not None:
        clusters = ClusterTables.from_arrays(
            [*protected, *columns], of_rows, y_true, y_pred, cluster, weight=weight
        )
    factors = [column.name for column in columns]
    return conditional_parity(counts, factors, clusters=clusters, seed=seed)


def conditional_parity(
    counts: AnyCounts,
    given: Sequence[str],
    *,
    clusters: ClusterTables | None = None,
    confidence: float = 0.95,
    n_replicates: int = 2000,
    seed: int = 0,
) -> ConditionalParity:
    """Compare the groups of counted rows within strata.

    Parameters
    ----------
    counts : Counts or WeightedCounts
        The counts of the rows. The protected columns come first, and then the factors.
    given : sequence of str
        The factors. All other columns of the counts are protected columns.
    clusters : ClusterTables, optional
        The tables of the clusters of the same rows.
    confidence : float
        Confidence level of each interval.
    n_replicates, seed : int
        The number of replicates of clusters, and the seed of their random numbers.

    Returns
    -------
    ConditionalParity

    Raises
    ------
    RequestError
        If a factor is not a column of the counts, or no protected column is left.
    """
    given = tuple(given)
    protected = [column.name for column in counts.columns if column.name not in given]
    replicates = None
    if clusters is not None:
        replicates = ClusterReplicates(clusters, n_replicates, seed, confidence)
    pooled, by_stratum, notes = [], [], []
    for name in protected or [""]:
        strata = strata_of(counts, name, given)
        pooler = pooler_of(counts, strata, given, confidence, replicates)
        for metric in bias_metrics(labelled=counts.labelled).values():
            if metric.kind != "other":
                pooled += pooled_rows(pooler, strata, given, metric)
                by_stratum += stratum_rows(pooler, strata, given, metric)
        for disparity, outcome in DISPARITIES.items():
            if counts.labelled or outcome == 1:
                pooled += disparity_rows(pooler, strata, given, disparity, outcome)
        notes += left_out(strata, given)
    return ConditionalParity(
        pd.DataFrame(pooled), pd.DataFrame(by_stratum), given, counts, tuple(notes)
    )


def _excludes(row: dict[str, Any]) -> bool:
    return bool(row["ci_low"] > 0 or row["ci_high"] < 0)


def _opposite(marginal: dict[str, Any], pooled: dict[str, Any]) -> bool:
    signs = np.sign(np.array([marginal["value"], pooled["value"]], dtype=np.float64))
    return _excludes(marginal) and _excludes(pooled) and bool(signs[0] == -signs[1])


def _vanishes(marginal: dict[str, Any], pooled: dict[str, Any]) -> bool:
    return _excludes(marginal) and bool(pooled["ci_low"] <= 0 <= pooled["ci_high"])
