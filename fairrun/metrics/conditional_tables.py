"""The rows of the tables of conditional parity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fairrun.metrics.bias import BiasMetric
from fairrun.metrics.pooling import Found, Pooler
from fairrun.metrics.strata import Strata
from fairrun.text import few_rows

__all__ = ["disparity_rows", "left_out", "pooled_rows", "stratum_rows"]


def _about(strata: Strata, given: Sequence[str]) -> dict[str, Any]:
    a, b = strata.groups
    return {"protected": strata.protected, "given": ":".join(given), "group_a": a, "group_b": b}


def pooled_rows(
    pooler: Pooler, strata: Strata, given: Sequence[str], metric: BiasMetric
) -> list[dict[str, Any]]:
    """Return the marginal, the Mantel–Haenszel and the standardised value of a metric."""
    sizes = pooler.sizes(metric)
    both = (sizes > 0).all(axis=1, keepdims=True)
    rows = []
    for estimate in ("marginal", "mantel_haenszel", "standardised"):
        found = pooler.marginal(metric) if estimate == "marginal" else None
        found = found or pooler.pooled(metric, standardised=estimate == "standardised")
        inside = sizes if estimate == "marginal" else sizes * both
        n_a, n_b = inside.sum(axis=(0, 2)).tolist()
        main = estimate == "mantel_haenszel"
        numbers = {
            "n_a": n_a,
            "n_b": n_b,
            "n_strata": int(both.any(axis=0).sum()),
            "share_compared": (n_a + n_b) / max(int(sizes.sum()), 1),
            "homogeneity_p": pooler.homogeneity(metric) if main else float("nan"),
        }
        rows.append(_row(strata, given, metric.name, estimate, found, numbers))
    return rows


def disparity_rows(
    pooler: Pooler, strata: Strata, given: Sequence[str], name: str, outcome: int
) -> list[dict[str, Any]]:
    """Return the marginal and the standardised demographic disparity."""
    rows_of = strata.rows.sum(axis=(2, 3))
    used = pooler.with_both_outcomes(outcome)
    rows = []
    for estimate, found in (
        ("marginal", pooler.disparity(outcome, marginal=True)),
        ("standardised", pooler.disparity(outcome)),
    ):
        inside = np.ones_like(used) if estimate == "marginal" else used
        n_a, n_b = (int(of_group[inside].sum()) for of_group in rows_of)
        numbers = {
            "n_a": n_a,
            "n_b": n_b,
            "n_strata": int(used.sum()),
            "share_compared": (n_a + n_b) / max(int(rows_of.sum()), 1),
            "homogeneity_p": float("nan"),
        }
        rows.append(_row(strata, given, name, estimate, found, numbers))
    return rows


def _row(
    strata: Strata,
    given: Sequence[str],
    metric: str,
    estimate: str,
    found: Found,
    numbers: Mapping[str, float],
) -> dict[str, Any]:
    value, low, high, method, reason = found
    return {
        **_about(strata, given),
        "metric": metric,
        "estimate": estimate,
        "value": value,
        "ci_low": low,
        "ci_high": high,
        "method": method,
        **numbers,
        "reason": reason,
    }


def stratum_rows(
    pooler: Pooler, strata: Strata, given: Sequence[str], metric: BiasMetric
) -> list[dict[str, Any]]:
    """Return a metric in each stratum."""
    n_a, n_b = pooler.sizes(metric).sum(axis=0)
    rate_a, rate_b = pooler.rates(metric)
    weight = pooler.weights(metric)
    return [
        {
            **_about(strata, given),
            "stratum": strata.names[s],
            "metric": metric.name,
            "n_a": int(n_a[s]),
            "n_b": int(n_b[s]),
            "rate_a": float(rate_a[s]),
            "rate_b": float(rate_b[s]),
            "value": value,
            "ci_low": low,
            "ci_high": high,
            "method": method,
            "weight": float(weight[s]),
            "reason": reason,
        }
        for s, (value, low, high, method, reason) in enumerate(pooler.by_stratum(metric))
    ]


def left_out(strata: Strata, given: Sequence[str]) -> list[str]:
    """Return sentences about rows in no stratum, and about strata with one group only."""
    a, b = strata.rows.sum(axis=(2, 3))
    alone = (a == 0) | (b == 0)
    notes = []
    n_left_out = int(strata.left_out.sum())
    if n_left_out:
        notes.append(
            f"{strata.protected}: {few_rows(n_left_out)} of the two groups have no value of "
            f"{' or '.join(given)}, or a number in no bin; they are in no stratum"
        )
    if alone.any():
        n = int((a + b)[alone].sum())
        notes.append(
            f"{strata.protected}: {int(alone.sum())} of {len(a)} strata have rows of one group "
            f"only ({few_rows(n)}), so that they say nothing about a difference"
        )
    return notes
