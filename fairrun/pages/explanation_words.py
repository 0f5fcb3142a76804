"""Sentences and a table for the report: which columns the score of a model depends on."""

from __future__ import annotations

import numpy as np

from fairrun.explanations import ALL, MOST_TOP_CHANGES, MOVED_BY, TOGETHER, Overview
from fairrun.metrics import normal_quantile
from fairrun.pages.cells import Cell, Table

__all__ = ["columns_table", "explanation_sentences", "stability_warning"]

#: The table shows at most this number of columns, the most important ones.
_MOST_COLUMNS = 24
#: A sentence names at most `_NAMED` columns. A column with at least the area `_PROXY` is a proxy.
_NAMED, _PROXY = 3, 0.6


def explanation_sentences(overview: Overview) -> list[str]:
    """Return sentences about the explanations of a model.

    Parameters
    ----------
    overview : Overview
        The explanations over a data set.

    Returns
    -------
    list of str
        How contributions were computed, which columns are most important, which columns cause the
        difference between the groups' scores, and which columns are proxies.
    """
    a, b = overview.groups
    importance = overview.importance[overview.importance["group"] == ALL]
    how = "sampled, with standard errors" if overview.sampled else "exact"
    said = [
        f"Contributions are {how}. {overview.n_explained:,} of {overview.n_rows:,} rows were "
        "explained."
    ]
    top = importance[importance["importance"] > 0].head(_NAMED)
    if top.empty:
        return [*said, "No column changes the score: all rows have the same score."]
    named = zip(top["column"], top["importance"], strict=True)
    said.append(
        "The score depends most on "
        + _listed([f"{name} ({value:.2f})" for name, value in named])
        + ". The number is the mean size of the contribution in log-odds. "
        + f"This is {top['share'].sum():.0%} of the contributions of all columns."
    )
    proxies = overview.proxies.set_index("column")
    total = overview.metrics["log_odds_difference"]
    apart = proxies.drop(TOGETHER).dropna(subset="difference")
    if not np.isnan(total) and apart["difference"].any():
        largest = apart.sort_values("difference", key=abs, ascending=False, kind="stable")
        parts = [
            f"{name} {_signed(row['difference'])}{_margin(row['difference_error'])}"
            for name, row in largest.head(_NAMED).iterrows()
        ]
        said.append(
            f"The mean score of {a} minus the mean score of {b} is {_signed(total)} log-odds. The "
            f"largest parts of this difference come from {_listed(parts)}."
        )
    alone = proxies.drop(TOGETHER)
    alone = alone[alone["roc_auc"] >= _PROXY].sort_values("roc_auc", ascending=False, kind="stable")
    together = overview.metrics["proxy_roc_auc"]
    if np.isnan(together):
        said.append(f"There are too few rows of {a} or {b} to find proxies.")
        return said
    of_all = f"All columns together have {together:.2f}."
    if alone.empty:
        said.append(
            f"No single column tells {a} from {b} with an area under the ROC curve of {_PROXY} "
            f"or more, where 0.5 is chance. {of_all}"
        )
        return said
    parts = [
        f"{name} ({row['roc_auc']:.2f}, and {row['share']:.0%} of all contributions)"
        for name, row in alone.head(_NAMED).iterrows()
    ]
    said.append(
        f"The column{'s' if len(parts) > 1 else ''} that best tell{'s' if len(parts) == 1 else ''} "
        f"{a} from {b} {'is' if len(parts) == 1 else 'are'} {_listed(parts)}. The first number is "
        f"the area under the ROC curve, where 0.5 is chance. {of_all} A column that tells the "
        "groups apart and also changes the score may be a proxy of the protected column, even if "
        "the model does not read the protected column."
    )
    return said


def stability_warning(overview: Overview) -> str:
    """Return a warning if explanations are unstable, and an empty text otherwise."""
    share = overview.metrics["explanation_top_column_changes"]
    if not share > MOST_TOP_CHANGES:
        return ""
    return (
        f"Explanations are unstable: after all numbers are changed by at most {MOVED_BY} standard "
        f"deviations, {share:.1%} of the rows have a different most important column. The limit is "
        f"{MOST_TOP_CHANGES:.0%}."
    )


def columns_table(overview: Overview) -> Table:
    """Return the table of all columns: contributions, and how well each tells the groups apart."""
    a, b = overview.groups
    by_group = {
        name: own.set_index("column")["importance"]
        for name, own in overview.importance.groupby("group", sort=False)
    }
    shown = overview.proxies[overview.proxies["column"] != TOGETHER].head(_MOST_COLUMNS)
    n_left_out = len(overview.proxies) - 1 - len(shown)
    shown = overview.proxies[overview.proxies["column"].isin([*shown["column"], TOGETHER])]
    rows = []
    for row in shown.to_dict("records"):
        name = row["column"]
        sizes = [by_group[group].get(name, np.nan) for group in (ALL, a, b)]
        rows.append(
            (
                Cell(str(name)),
                *map(_number, sizes),
                _number(row["difference"], signed=True),
                _number(row["roc_auc"], row["roc_auc_ci_low"], row["roc_auc_ci_high"]),
                Cell(str(row["tells"])),
            )
        )
    note = (
        f"The first four numbers are in log-odds. AUC says how well the column tells {a} from {b}; "
        "0.5 is chance. explanations/*.json has all columns."
    )
    if n_left_out:
        note = f"{n_left_out} columns with smaller contributions are not shown. {note}"
    return Table(
        f"Contribution of each column, and how well it predicts {overview.protected}",
        (
            "column",
            "importance",
            f"importance for {a}",
            f"importance for {b}",
            f"mean contribution, {a} − {b}",
            "AUC",
            "which group has more",
        ),
        tuple(rows),
        note,
    )


def _number(
    value: float, low: float = np.nan, high: float = np.nan, *, signed: bool = False
) -> Cell:
    if np.isnan(value):
        return Cell("", is_number=True)
    interval = "" if np.isnan(low) else f"{low:.2f} to {high:.2f}"
    return Cell(_signed(value) if signed else f"{value:.2f}", interval, is_number=True)


def _signed(value: float) -> str:
    return f"{value:+z.2f}".replace("-", "−")


def _margin(error: float) -> str:
    """Return half the width of the 95 % interval as text, or an empty text if it rounds to 0."""
    half = normal_quantile(0.95) * error
    return f" (± {half:.2f})" if half >= 0.005 else ""


def _listed(parts: list[str]) -> str:
    """Join texts with commas and a last "and".

    Examples
    --------
    >>> _listed(["age", "hours", "job"])
    'age, hours and job'
    """
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
