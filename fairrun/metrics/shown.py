"""An evaluation as it is shown: numbers about too few rows are left out, with the reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.groups import MISSING, NEITHER_NAME
from fairrun.metrics.audit import Audit
from fairrun.metrics.bias import BIAS_METRICS
from fairrun.metrics.evaluation import Evaluation, confusion_table
from fairrun.metrics.impact_audits import four_fifths_table
from fairrun.metrics.intervals import Intervals
from fairrun.metrics.rates import selection_rate
from fairrun.metrics.suppression import Hidden, is_hidden_reason
from fairrun.metrics.worst import worst_of

__all__ = ["MARGINAL", "show", "shown_confusion"]

#: Rates and metrics that do not depend on label and prediction together.
MARGINAL = {"base_rate", "selection_rate"} | {
    name for name, metric in BIAS_METRICS.items() if metric.rates == (selection_rate,)
}
#: Metrics of all rows that are computed from both groups of the first protected column.
_GIVE_AWAY_GROUPS = (
    *("accuracy_over_threshold", "accuracy_over_threshold_ci_low"),
    *("accuracy_over_threshold_ci_high", "constraint_kept_probability"),
    *("distance_over_none", "distance_over_none_ci_low", "distance_over_none_ci_high"),
)
_AMONG_SHOWN = "compared with the highest rate of the categories that are shown"
_VALUES = ["value", "ci_low", "ci_high", "undefined_share"]
_SIZES = ["n", "n_rows", "n_clusters", "effective_n"]

Mask = NDArray[np.bool_]


def show(evaluation: Evaluation, hidden: Hidden) -> Evaluation:
    """Return an evaluation without the numbers that must not be shown.

    Parameters
    ----------
    evaluation : Evaluation
        The evaluation with all numbers.
    hidden : Hidden
        The groups that are not shown; see `hidden_groups`.

    Returns
    -------
    Evaluation
        A copy with `hidden`. In its tables and metrics, a number that is not shown is NaN, and the
        column reason (or note) says why. The worst pairs are those among the groups that are shown.
        The counts and scores are still complete: what is computed from them has to ask `hidden`.
    """
    if not hidden:
        return replace(evaluation, hidden=hidden)
    audited = _audit(evaluation.audit, hidden)
    first = evaluation.protected
    metrics = evaluation.metrics | audited.metrics(first.name)
    two = [(first.name, name) for name in first.group_names]
    nothing = []
    if any(group in hidden.joint for group in two):
        nothing += [name for name in _GIVE_AWAY_GROUPS if name in metrics]
    if hidden.rows(first.name, NEITHER_NAME):
        nothing.append("neither_share")
    return replace(
        evaluation,
        hidden=hidden,
        metrics=metrics | dict.fromkeys(nothing, np.nan),
        audit=audited,
        impact_audits=_impact_audits(evaluation, audited, hidden),
        frontier=None if any(group in hidden.joint for group in two) else evaluation.frontier,
    )


def shown_confusion(evaluation: Evaluation) -> pd.DataFrame:
    """Return the confusion matrices of an evaluation, without the numbers that are not shown.

    Returns
    -------
    DataFrame
        The table of `confusion_table` with the column reason; it is empty if all numbers of the
        group are shown. If the number of rows is not shown, n is missing.
    """
    table = confusion_table(evaluation.counts)
    first, hidden = evaluation.protected.name, evaluation.hidden
    table["reason"] = [hidden.reason(first, group, joint=True) for group in table["group"]]
    names = [str(name) for name in table if name not in ("group", "n", "selection_rate", "reason")]
    table = _without(table, table["reason"] != "", names)
    return _without(table, _none_shown(hidden, table["group"], first), ["n", "selection_rate"])


def _audit(audited: Audit, hidden: Hidden) -> Audit:
    rates = _rates(audited.rates, hidden)
    compared, pairs, together = (
        _pairs(table, hidden) for table in (audited.compared, audited.pairs, audited.together)
    )
    # The groups of `together` are ordered by their values, and this order would tell whether a
    # group of one has the higher rate. `pairs` has the same rows in the order of the data spec.
    names, gone = ["group_a", "group_b"], together["reason"].map(is_hidden_reason).to_numpy(bool)
    together[names] = np.where(gone[:, None], pairs[names], together[names])
    worst = _worst(audited.worst, together)
    return replace(
        audited, rates=rates, compared=compared, pairs=pairs, together=together, worst=worst
    )


def _rates(rates: pd.DataFrame, hidden: Hidden) -> pd.DataFrame:
    """Return the table of rates without the numbers of hidden groups."""
    reasons = [
        hidden.reason(protected, group, joint=metric not in MARGINAL)
        for protected, group, metric in rates[["protected", "group", "metric"]].to_numpy()
    ]
    rates = _with_reasons(rates, reasons)
    gone = np.array([bool(hidden.rows(p, g)) for p, g in rates[["protected", "group"]].to_numpy()])
    return _without(rates, gone, [name for name in _SIZES if name in rates])


def _pairs(table: pd.DataFrame, hidden: Hidden) -> pd.DataFrame:
    """Return a table of comparisons without those of hidden groups."""
    about = table[["protected", "group_a", "group_b", "metric"]].to_numpy()
    reasons = [
        hidden.reason(protected, a, b, joint=metric not in MARGINAL)
        for protected, a, b, metric in about
    ]
    return _with_reasons(table, reasons)


def _worst(worst: pd.DataFrame, together: pd.DataFrame) -> pd.DataFrame:
    """Return the worst pairs among those that are shown."""
    of_all = dict(iter(together.groupby(["protected", "metric"], sort=False)))
    rows = []
    for row in worst.to_dict("records"):
        pairs = of_all[row["protected"], row["metric"]]
        concealed = pairs["reason"].map(is_hidden_reason).astype(bool)
        if not concealed.any():
            rows.append(row)
            continue
        if concealed.all():
            rows.append(pairs.iloc[0].to_dict())
            continue
        left = pairs[~concealed]
        value, low, high, undefined = left[_VALUES].to_numpy(dtype=np.float64).T
        method = left["method"].to_numpy(dtype=np.str_)
        every = Intervals(value, low, high, undefined, method)
        places = np.column_stack([np.arange(len(left))] * 2)
        place, found = worst_of(BIAS_METRICS[str(row["metric"])], places, every)
        row = left.iloc[int(place[0, 0])].to_dict()
        row |= {"value": found.value[0], "ci_low": found.low[0], "ci_high": found.high[0]}
        rows.append(row)
    return pd.DataFrame(rows, columns=list(worst))


def _impact_audits(
    evaluation: Evaluation, audited: Audit, hidden: Hidden
) -> dict[str, pd.DataFrame]:
    """Return the tables of the impact audits without the numbers of hidden groups.

    Ratios compare with the highest rate of the groups that are shown: who has the highest rate of
    all would tell whether a group of one is selected.
    """
    shown = {}
    if "four_fifths" in evaluation.impact_audits:
        shown["four_fifths"] = four_fifths_table(evaluation.counts, audited, hidden=hidden)
    if (law := evaluation.impact_audits.get("local_law_144")) is not None:
        categories = law[law["category"] != MISSING]
        for (_, protected), rows in categories.groupby(["basis", "protected"], sort=False):
            gone = [bool(hidden.rows(str(protected), str(name))) for name in rows["category"]]
            if any(gone):
                law = _compared_with_shown(law, rows, np.array(gone))
        shown["local_law_144"] = law
    return {name: _impact(name, table, hidden) for name, table in shown.items()}


def _compared_with_shown(law: pd.DataFrame, rows: pd.DataFrame, gone: Mask) -> pd.DataFrame:
    """Return a Local Law 144 table whose ratios in `rows` compare with those that are not gone."""
    law = law.copy()
    law.loc[rows.index, "impact_ratio"] = np.nan
    law.loc[rows.index, "most_selected"] = ""
    compared = rows[~gone & rows["impact_ratio"].notna()]
    # If all rates are 0, ratios are missing, as in the table of all categories.
    if len(compared) and compared["rate"].max() > 0:
        top = compared.iloc[int(compared["rate"].argmax())]
        law.loc[rows.index, "most_selected"] = top["category"]
        law.loc[compared.index, "impact_ratio"] = compared["rate"] / top["rate"]
        notes = [f"{note}; {_AMONG_SHOWN}" if note else _AMONG_SHOWN for note in compared["note"]]
        law.loc[compared.index, "note"] = notes
    return law


def _impact(name: str, table: pd.DataFrame, hidden: Hidden) -> pd.DataFrame:
    """Return a table of an impact audit without the numbers of hidden groups."""
    if name == "four_fifths":
        group, why = "group", "reason"
        numbers = ["n", "selected", "selection_rate", "ci_low", "ci_high", "below_four_fifths"]
        numbers += ["ratio_ci_low", "ratio_ci_high"]
    else:
        group, why = "category", "note"
        numbers = ["n", "share", "selected", "rate"]
    about = table[["protected", group]].to_numpy()
    reasons = np.array([hidden.reason(protected, str(name)) for protected, name in about])
    shown = _without(table, reasons != "", [*numbers, "impact_ratio"])
    shown[why] = [reason or old for reason, old in zip(reasons, table[why], strict=True)]
    return shown


def _with_reasons(table: pd.DataFrame, reasons: list[str]) -> pd.DataFrame:
    """Return a table without the values for whose absence a reason is given."""
    gone = np.array([bool(reason) for reason in reasons])
    table = _without(table, gone, _VALUES)
    why = [new or old for new, old in zip(reasons, table["reason"], strict=True)]
    return table.assign(method=table["method"].mask(gone, ""), reason=why)


def _none_shown(hidden: Hidden, groups: Iterable[str], protected: str) -> Mask:
    return np.array([bool(hidden.rows(protected, group)) for group in groups])


def _without(table: pd.DataFrame, gone: Mask | pd.Series[bool], names: list[str]) -> pd.DataFrame:
    """Return a copy of a table without the numbers of some rows.

    Whole numbers stay whole: a number that is missing among them is pandas' `NA`.
    """
    gone = np.asarray(gone)
    if not gone.any():
        return table.copy()
    missing = {}
    for name in names:
        column = table[name]
        if pd.api.types.is_bool_dtype(column) or column.dtype == object:
            missing[name] = column.astype(object).mask(gone, None)
        elif pd.api.types.is_integer_dtype(column):
            missing[name] = column.astype("Int64").mask(gone)
        else:
            missing[name] = column.mask(gone)
    return table.assign(**missing)
