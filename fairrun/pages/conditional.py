"""The section of a report about conditional parity."""

from __future__ import annotations

import pandas as pd

from fairrun.metrics import BIAS_METRICS, ConditionalParity
from fairrun.pages.sections import Section
from fairrun.text import with_interval

__all__ = ["conditional_section"]

_ESTIMATES = {
    "marginal": "all together",
    "mantel_haenszel": "within strata (Mantel–Haenszel)",
    "standardised": "within strata (standardised)",
}
#: The largest number of strata in a table of the report. The files have all.
_MOST = 30


def conditional_section(
    found: ConditionalParity, plots: tuple[tuple[str, str], ...] = ()
) -> Section:
    """Return the section of a report about conditional parity.

    Parameters
    ----------
    found : ConditionalParity
        The comparisons as they are shown; see `show_conditional`.
    plots : tuple of (str, str)
        The names and captions of its plots.

    Returns
    -------
    Section
    """
    given = ", ".join(found.given)
    paragraphs = [
        f"Groups are compared among rows with equal {given} (a stratum), and the strata are "
        "pooled. Mantel–Haenszel, the main number, weighs a stratum by n_a n_b / (n_a + n_b), so "
        "that a stratum counts as much as the smaller group in it allows. The standardised number "
        "weighs it by its share of the rows. Both agree if all strata do.",
        f"This does not say that a difference of {given} is fair: a group can be steered into a "
        "stratum, and a factor can itself be the result of discrimination.",
        *found.findings,
        *found.notes,
    ]
    tables = []
    for protected in dict.fromkeys(found.pooled["protected"]):
        pooled = found.pooled[found.pooled["protected"] == protected]
        tables.append((f"{protected}, given {given}: pooled", _pooled(pooled)))
        strata = found.strata[found.strata["protected"] == protected]
        strata = strata[strata["metric"] == "statistical_parity"]
        if len(strata):
            most = strata.nlargest(_MOST, "weight", keep="first").sort_index()
            which = f", the {_MOST} with the largest weight" if len(strata) > _MOST else ""
            title = f"{protected}, given {given}: selection rates by stratum{which}"
            tables.append((title, _strata(most)))
    return Section(
        "Within strata of legitimate factors",
        "conditional",
        tuple(_sentence(text) for text in paragraphs),
        tuple(tables),
        plots,
        tuple(_sentence(text) for text in found.findings),
    )


def _pooled(pooled: pd.DataFrame) -> pd.DataFrame:
    """Return the pooled numbers of one protected column as text."""
    rows = []
    for row in pooled.to_dict("records"):
        metric = BIAS_METRICS.get(str(row["metric"]))
        signed = metric is None or metric.kind == "difference"
        value = with_interval(row["value"], row["ci_low"], row["ci_high"], signed=signed)
        hidden = str(row["reason"]).startswith("hidden")
        p = row["homogeneity_p"]
        rows.append(
            {
                "metric": str(row["metric"]).replace("_", " "),
                "compared": _ESTIMATES[str(row["estimate"])],
                "value (95 % interval)": "hidden" if hidden else value,
                "rows": "" if pd.isna(row["n_a"]) else f"{row['n_a'] + row['n_b']:,}",
                "strata": "" if row["estimate"] == "marginal" else f"{row['n_strata']:,}",
                "same in all strata (p)": "" if pd.isna(p) else f"{p:.3f}",
                "note": row["reason"],
            }
        )
    return _without_empty(pd.DataFrame(rows))


def _strata(strata: pd.DataFrame) -> pd.DataFrame:
    """Return the selection rates of one protected column by stratum as text."""
    a, b = strata[["group_a", "group_b"]].iloc[0]
    rows = [
        {
            "stratum": row["stratum"],
            f"rows, {a}": f"{row['n_a']:,}",
            f"rows, {b}": f"{row['n_b']:,}",
            f"selection rate, {a}": _rate(row["rate_a"]),
            f"selection rate, {b}": _rate(row["rate_b"]),
            "difference (95 % interval)": with_interval(
                row["value"], row["ci_low"], row["ci_high"], signed=True
            ),
            "weight": f"{row['weight']:.1%}",
            "note": row["reason"],
        }
        for row in strata.to_dict("records")
    ]
    return _without_empty(pd.DataFrame(rows))


def _rate(rate: float) -> str:
    return "" if pd.isna(rate) else f"{rate:.1%}"


def _without_empty(table: pd.DataFrame) -> pd.DataFrame:
    """Leave out the columns that say nothing."""
    return table.loc[:, (table != "").any()]


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
