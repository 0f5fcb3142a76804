"""The page of a sweep: a chart and a sortable table of all trials, in one HTML file."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from fairrun.figures import trial_styles
from fairrun.metrics import BIAS_METRICS

__all__ = ["render_sweep"]

_TEMPLATE = Path(__file__).parent / "templates" / "sweep.html"


def render_sweep(
    trials: pd.DataFrame,
    axes: Sequence[str],
    parameters: Sequence[str],
    groups: tuple[str, str],
    *,
    title: str,
    paragraphs: Sequence[str],
) -> str:
    """Return the page of a sweep as HTML.

    Parameters
    ----------
    trials : pandas.DataFrame
        The table that `fairrun.sweep.table.trials_table` returns.
    axes : sequence of str
        The metrics of the two axes when the page opens.
    parameters : sequence of str
        The parameters of the space.
    groups : tuple of (str, str)
        The names of group_a and group_b.
    title : str
        The heading.
    paragraphs : sequence of str
        The paragraphs between the heading and the chart.

    Returns
    -------
    str
        The HTML page, which contains its script and its data.
    """
    limits = {
        name: [
            f"{metric}_ci_{end}{slash}{column}"
            for metric, slash, column in [name.partition("/")]
            for end in ("low", "high")
        ]
        for name in trials.columns
    }
    metrics = [name for name, ends in limits.items() if set(ends) <= set(trials.columns)]
    # Metrics of other columns, and of the worst pair, are not of these two groups.
    compared = [name for name in metrics if name in BIAS_METRICS]
    varied = [name for name in parameters if trials[name].nunique() > 1 or name == "mitigator"]
    styles = trial_styles(trials["mitigator"].tolist())
    lead = ["number", "state", "frontier"]
    lead += ["verdict"] if trials["verdict"].any() else []
    data = {
        "title": title,
        "paragraphs": list(paragraphs),
        "axes": list(axes),
        "metrics": metrics,
        "limits": limits,
        "compared": compared,
        "groups": list(groups),
        "parameters": list(parameters),
        "colors": {name: style[1] for name, style in styles.items()},
        "columns": [*lead, *varied, *dict.fromkeys([*axes, *metrics[:6]]), "seconds", "reason"],
        "texts": ["state", "frontier", "verdict", "reason", "mitigator"],
        "trials": [
            {str(name): _plain(value) for name, value in row.items()}
            for row in trials.to_dict("records")
        ],
    }
    # The text "</script>" in a value would end the script element.
    text = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    return _TEMPLATE.read_text(encoding="utf-8").replace("{{ data }}", text)


def _plain(value: Any) -> Any:
    """Return a value that JSON can hold: rounded to six digits, and null if it is not finite."""
    if hasattr(value, "item"):
        value = value.item()
    if not isinstance(value, float):
        return value
    return float(f"{value:.6g}") if math.isfinite(value) else None
