"""The numbers of rows behind the rates of a term, which decide whether a group is judged."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairrun.gate.terms import Term
from fairrun.metrics import AnyCounts, Audit, Grouping, Rate, WeightedCounts, sizes_of

__all__ = ["Size", "sizes_by_rate", "sizes_of_groups", "too_few"]


@dataclass(frozen=True)
class Size:
    """The number of rows behind a rate.

    Attributes
    ----------
    n : int
        The number of rows.
    effective_n : float or None
        Kish's effective number of rows, (Σw)² / Σw², or that of clustered rows; None if the rows
        are neither weighted nor clustered.
    rate : str
        The name of the rate, or of the metric of scores.
    condition : str
        What a row needs to count for a metric of scores, such as "has label 1"; empty for a rate.
    kind : str
        The kind of the rows, "weighted" or "clustered", if they have an effective number.

    Examples
    --------
    >>> Size(60).rows, Size(60, 34.21).rows, Size(60, 34.21).deciding
    ('60', 'effective 34.2 of 60', 34.21)
    """

    n: int
    effective_n: float | None = None
    rate: str = ""
    condition: str = ""
    kind: str = "weighted"

    @property
    def deciding(self) -> float:
        """Return the number to compare with `Gate.min_count`."""
        return self.n if self.effective_n is None else self.effective_n

    @property
    def rows(self) -> str:
        """Return the number of rows in words."""
        if self.effective_n is None:
            return f"{self.n:,}"
        return f"effective {self.effective_n:,.1f} of {self.n:,}"


def sizes_of_groups(
    term: Term, counts: AnyCounts, grouping: Grouping, audited: Audit
) -> dict[str, Size]:
    """Return, for each group, the smallest denominator of the metric's rates."""
    rates, clusters = term.metric.rates, audited.clusters
    effective, rows = sizes_by_rate(rates, counts, grouping, audited)
    fewest = effective.argmin(axis=0)
    weighted = isinstance(counts, WeightedCounts) or clusters is not None
    return {
        group: Size(
            int(rows[place, i]),
            float(effective[place, i]) if weighted else None,
            rates[place].name,
            rates[place].condition if term.metric.of_scores else "",
            "weighted" if clusters is None else "clustered",
        )
        for i, (group, place) in enumerate(zip(grouping.groups, fewest, strict=True))
    }


def sizes_by_rate(
    rates: Sequence[Rate], counts: AnyCounts, grouping: Grouping, audited: Audit
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the effective numbers and the numbers of rows in the rates' denominators.

    Returns
    -------
    effective, rows : array of shape (n_rates, n_groups)
    """
    clusters = audited.clusters
    of_rate = functools.partial(sizes_of, counts) if clusters is None else clusters.sizes
    effective, rows = zip(*(of_rate(grouping, rate) for rate in rates), strict=True)
    return np.array(effective), np.array(rows)


def too_few(size: Size, min_count: int) -> str:
    """Return why a group is not judged.

    Examples
    --------
    >>> too_few(Size(1, rate="selection_rate"), 30)
    'selection_rate has 1 row, fewer than min_count=30'
    >>> too_few(Size(5, rate="brier_score", condition="has label 1"), 30)
    'brier_score has 5 rows with label 1, fewer than min_count=30'
    """
    kind = "" if size.effective_n is None else f"{size.kind} "
    noun = f"{kind}{'row' if size.n == 1 else 'rows'}"
    which = size.condition.replace("has ", " with ") if size.condition else ""
    return f"{size.rate} has {size.rows} {noun}{which}, fewer than min_count={min_count}"
