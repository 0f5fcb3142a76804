"""Scans of subgroups to draw."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from fairrun.metrics import SubgroupScan


def scan_of(rows: list[dict[str, Any]]) -> SubgroupScan:
    numbers = dict.fromkeys(("n_search", "n", "found", "rate_a", "rate_b", "p_value"), 0.1)
    either: dict[str, Any] = {
        **numbers,
        "protected": "sex",
        "group_b": "all other rows",
        "metric": "selection_rate",
        "confirmed": True,
        "reason": "",
        "q_value": 0.01,
    }
    table = pd.DataFrame([either | row for row in rows], columns=[*either, "group_a", *LIMITS])
    return SubgroupScan(table, 2, ("sex",), 100, 100, 50, 0.05, ())


LIMITS = ("value", "ci_low", "ci_high")


def row(name: str, value: float, **others: Any) -> dict[str, Any]:
    return {"group_a": name, "value": value, "ci_low": value - 0.1, "ci_high": value + 0.1} | others


def many() -> SubgroupScan:
    """A scan with all rates, long names, missing intervals and more subgroups than are drawn."""
    rates = ("selection_rate", "true_positive_rate", "false_positive_rate", "accuracy")
    long = " and ".join(f"a-column-with-a-long-name-{i} = {'value' * 6}" for i in range(3))
    names = (
        long,
        "sex = Female",
        "27 < age ≤ 39 and marital-status = Married-civ-spouse and b = c",
    )
    found = [
        row(name, 0.3 * (-1) ** i - i / 10, metric=rate, confirmed=i < 2)
        for rate in rates
        for i, name in enumerate(names * 2)
    ]
    found[1] |= {"ci_low": np.nan, "ci_high": np.nan}
    return scan_of(found)
