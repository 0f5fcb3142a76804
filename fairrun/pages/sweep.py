"""The page of a sweep: a chart and a sortable table of all trials, in one HTML file."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from fairrun.figures import MOST_BARS, metric_direction, trial_styles
from fairrun.metrics import BIAS_METRICS
from fairrun.pages.report import environment

__all__ = ["AlternativesShown", "render_sweep"]


@dataclass(frozen=True)
class AlternativesShown:
    """What the page says about less discriminatory alternatives.

    Attributes
    ----------
    answer : str
        Whether there is one.
    how : str
        How the candidates were compared; empty without candidates.
    table : pandas.DataFrame
        The candidates, all cells as texts or numbers; see `fairrun.sweep.alternatives_said`.
    picture : bytes
        The figure as PNG; empty without one.
    """

    answer: str
    how: str
    table: pd.DataFrame
    picture: bytes

    @property
    def base64(self) -> str:
        """The figure as text for the page."""
        return base64.b64encode(self.picture).decode("ascii")

    @property
    def rows(self) -> list[list[Any]]:
        """The rows of the table."""
        rows: list[list[Any]] = self.table.to_numpy().tolist()
        return rows


def render_sweep(
    trials: pd.DataFrame,
    axes: Sequence[str],
    parameters: Sequence[str],
    groups: tuple[str, str],
    *,
    title: str,
    paragraphs: Sequence[str],
    commands: Sequence[str] = (),
    alternatives: AlternativesShown | None = None,
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
        What was chosen and why. These paragraphs follow a first one about what was searched.
    commands : sequence of str
        What to type next.
    alternatives : AlternativesShown, optional
        The candidates for a less discriminatory alternative.

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
    compared = {name: metric_direction(name, *groups) for name in metrics if name in BIAS_METRICS}
    varied = [name for name in parameters if trials[name].nunique() > 1 or name == "mitigator"]
    styles = trial_styles(trials["mitigator"].tolist())
    measured = [*dict.fromkeys([*axes, *metrics[:6]])]
    verdict = ["verdict"] if trials["verdict"].any() else []
    lead = ["number", "mitigator", *measured[:2], *verdict, "frontier", *varied, *measured[2:]]
    # Verdicts are words on a page.
    rows = trials.assign(verdict=trials["verdict"].str.replace("_", " ")).to_dict("records")
    data = {
        "axes": list(axes),
        "metrics": metrics,
        "limits": limits,
        "compared": compared,
        "parameters": list(parameters),
        "markers": {name: style[0] for name, style in styles.items()},
        "colors": {name: style[1] for name, style in styles.items()},
        "columns": [*dict.fromkeys(lead), "seconds", "state", "reason"],
        "texts": ["state", "frontier", "verdict", "reason", "mitigator"],
        "most_bars": MOST_BARS,
        "trials": [{str(name): _plain(value) for name, value in row.items()} for row in rows],
    }
    # The text "</script>" in a value would end the script element.
    text = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    return (
        environment()
        .get_template("sweep.html")
        .render(
            title=title,
            paragraphs=[_searched(trials, axes, varied), *paragraphs],
            commands=list(commands),
            alternatives=alternatives,
            axes=[name.replace("_", " ") for name in axes],
            data=Markup(text),  # noqa: S704
        )
    )


def _searched(trials: pd.DataFrame, axes: Sequence[str], varied: Sequence[str]) -> str:
    """Return a sentence or two about what was searched."""
    complete = trials["state"].eq("complete")
    mitigators = sorted(set(trials["mitigator"]), key=lambda name: (name != "none", name))
    others = [name for name in varied if name != "mitigator"]
    said = f"The sweep trained {complete.sum()} {_plural('model', complete.sum())} with "
    said += f"{len(mitigators)} {_plural('mitigator', len(mitigators))} ({', '.join(mitigators)})"
    said += f" and several values of {', '.join(others)}. " if others else ". "
    n, wanted = int(trials["frontier"].sum()), " and ".join(axes).replace("_", " ")
    said += f"It compared them on the validation rows: {n} {'is' if n == 1 else 'are'} on the "
    said += f"frontier, because no other model is better in {wanted} at once."
    failed = int((~complete).sum())
    if failed:
        said += (
            f" {failed} more {_plural('trial', failed)} ended without a model; the table says why."
        )
    return said


def _plural(word: str, n: int) -> str:
    return word if n == 1 else f"{word}s"


def _plain(value: Any) -> Any:
    """Return a value that JSON can hold: rounded to six digits, and null if it is not finite."""
    if hasattr(value, "item"):
        value = value.item()
    if not isinstance(value, float):
        return value
    return float(f"{value:.6g}") if math.isfinite(value) else None
