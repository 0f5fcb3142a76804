"""The names of metrics in MLflow, where few of them come first.

Inside fairrun, a metric of another column than the first protected one ends in a slash and the
column: `disparate_impact/race`. MLflow's charts are grouped by what stands before a slash, so the
names in MLflow begin with the column. Headline metrics of the first column have no group.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Mapping

from fairrun.gate import GATE_METRICS
from fairrun.metrics import BIAS_METRICS
from fairrun.tracking.names import (
    CONSTRAINT_PROBABILITY,
    FIT_SECONDS,
    MODEL_BYTES,
    PREDICT_SECONDS,
    ROWS_DROPPED,
    TRIAL_SECONDS,
)

__all__ = [
    "compared_metric_name",
    "former_metric_name",
    "is_headline",
    "loggable",
    "metric_name",
    "metrics_by_name",
    "place_of_headline",
]

#: The metrics that come first on the pages of MLflow.
HEADLINES = (
    "accuracy",
    "balanced_accuracy",
    "precision",
    "recall",
    "f1",
    "roc_auc",
    "brier_score",
    "selection_rate",
    "disparate_impact",
    "statistical_parity",
    "equality_of_opportunity_difference",
    "false_positive_rate_difference",
    "average_odds_difference",
    "accuracy_difference",
    "four_fifths_rule",
)
#: The headline metrics whose 95 % interval is one, too.
_WITH_LIMITS = ("accuracy", "disparate_impact", "statistical_parity")
#: Sizes and times, and the promise of a mitigator, which come first, too.
_ABOUT_A_RUN = (
    "n_rows",
    "sum_of_weights",
    "effective_n",
    "n_clusters",
    ROWS_DROPPED,
    FIT_SECONDS,
    PREDICT_SECONDS,
    MODEL_BYTES,
    TRIAL_SECONDS,
    CONSTRAINT_PROBABILITY,
)

#: What stands before the slash of a limit, and of a metric of all rows that is no headline.
_INTERVAL, _OVERALL = "interval", "overall"
_LIMIT = re.compile(r"(?P<of>.*)_ci_(?:low|high)")

#: The largest number of metrics of a run. MLflow's stores accept 1,000 in a batch, and more than
#: this would make the page of a run hard to read.
_MOST_METRICS = 500
#: Characters that MLflow does not allow in names of metrics. Names of columns are part of such
#: names, and MLflow reads them as paths.
_NOT_IN_A_NAME = re.compile(r"[^\w.\-: ]|^\.+$")
#: The longest name of a metric that MLflow allows.
_LONGEST = 250
#: The longest name of a column in it. The rest is for the name of the metric.
_LONGEST_COLUMN = 150


def metric_name(name: str, column: str) -> str:
    """Return the name under which MLflow logs a metric; different metrics have different names.

    Headline metrics of all rows and of the first protected column keep their names. The others get
    the column in front, or `overall` if they are about no column. Limits of intervals get
    `interval` in front, except for those of accuracy, disparate impact and statistical parity.

    If MLflow does not allow the name of a column, an underscore replaces each refused character,
    and a digest of the column's name follows. It is the same in every run and for every metric.

    Parameters
    ----------
    name : str
        The name of the metric inside fairrun. For columns other than the first protected one, a
        slash and the columns follow.
    column : str
        The first protected column.

    Returns
    -------
    str

    Examples
    --------
    >>> metric_name("disparate_impact", "sex"), metric_name("disparate_impact/sex:race", "sex")
    ('disparate_impact', 'sex:race/disparate_impact')
    >>> metric_name("cohen_d", "sex"), metric_name("log_loss", "sex")
    ('sex/cohen_d', 'overall/log_loss')
    >>> metric_name("disparate_impact_ci_low", "sex"), metric_name("f1_ci_low", "sex")
    ('disparate_impact_ci_low', 'interval/f1_ci_low')
    >>> metric_name("disparate_impact_ci_low/a=b", "sex")
    'interval/a_b-98a1e9a1/disparate_impact_ci_low'
    """
    metric, _, other = name.partition("/")
    limit = _LIMIT.fullmatch(metric)
    of = metric if limit is None else limit["of"]
    if not other and (of in (_WITH_LIMITS if limit else (*HEADLINES, *_ABOUT_A_RUN))):
        return metric
    if limit is None:
        own = column if _is_of_groups(of) else _OVERALL
        return f"{_column_name(other or own)}/{metric}"
    own = column if _is_of_groups(of) and of not in HEADLINES else ""
    parts = (_INTERVAL, _column_name(other or own), metric)
    return "/".join(part for part in parts if part)


def compared_metric_name(metric: str, column: str, mitigator: str) -> str:
    """Return the name under which the run of `main` logs a metric of one of its models on test.

    MLflow draws the metrics with the same word before the slash below each other, in order of
    their names. So all are in one group, with the models of a metric side by side.

    Examples
    --------
    >>> compared_metric_name("accuracy", "sex", "reweighing+group_thresholds")
    'test/accuracy reweighing and group_thresholds'
    """
    name = f"{metric_name(metric, column)} {mitigator.replace('+', ' and ')}".replace("/", " ")
    return f"test/{name}"[:_LONGEST]


def _is_of_groups(metric: str) -> bool:
    """Return whether a metric is about the groups of a protected column."""
    metric = metric.removesuffix("_worst")
    known = GATE_METRICS.get(metric)
    compares = known is not None and known.kind != "performance"
    return compares or metric in BIAS_METRICS or metric == "neither_share"


def _column_name(column: str) -> str:
    name = _NOT_IN_A_NAME.sub("_", column)
    if name == column and len(name) <= _LONGEST_COLUMN:
        return name
    encoded = column.encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(encoded, digest_size=4).hexdigest()
    return f"{name[: _LONGEST_COLUMN - len(digest) - 1]}-{digest}"


def is_headline(name: str) -> bool:
    """Return whether a metric, named as inside fairrun, is a headline metric of any column.

    Examples
    --------
    >>> [is_headline(name) for name in ("disparate_impact/race", "cohen_d", "accuracy_ci_low")]
    [True, False, True]
    """
    metric = name.partition("/")[0]
    limit = _LIMIT.fullmatch(metric)
    return metric in HEADLINES if limit is None else limit["of"] in _WITH_LIMITS and metric == name


def place_of_headline(name: str) -> int:
    """Return the place of a headline metric or its limit, which MLflow shows in this order.

    MLflow's page that compares runs begins with the metric that was logged first.
    """
    metric = name.partition("/")[0]
    limit = _LIMIT.fullmatch(metric)
    return HEADLINES.index(metric if limit is None else limit["of"])


def loggable(metrics: Mapping[str, float], column: str) -> dict[str, float]:
    """Return the finite metrics by the names that `metric_name` gives them, at most 500.

    Metrics of crossings are left out first.
    """
    finite = {name: value for name, value in metrics.items() if math.isfinite(value)}
    by_column = sorted(finite, key=lambda name: ":" in name)
    kept = {*by_column[:_MOST_METRICS]}
    return {metric_name(name, column): finite[name] for name in finite if name in kept}


def metrics_by_name(
    logged: Mapping[str, float], column: str, keys: Iterable[str] = ()
) -> dict[str, float]:
    """Return metrics of a run by their names inside fairrun, for runs of this and earlier versions.

    Parameters
    ----------
    logged : mapping of str to float
        The metrics of the run.
    column : str
        The first protected column.
    keys : iterable of str
        Metrics, named as inside fairrun, that can have a column whose name MLflow does not allow.

    Returns
    -------
    dict of str to float

    Examples
    --------
    >>> metrics_by_name({"accuracy": 0.8, "race/cohen_d": 0.1, "sex/cohen_d": 0.2}, "sex")
    {'accuracy': 0.8, 'cohen_d/race': 0.1, 'cohen_d': 0.2}
    >>> metrics_by_name({"cohen_d/race": 0.1}, "sex")  # of an earlier version
    {'cohen_d/race': 0.1}
    """
    keys = list(keys)
    former = [former_metric_name(key) for key in keys]
    # A name that several metrics shared says nothing.
    names = {name: key for name, key in zip(former, keys, strict=True) if former.count(name) == 1}
    for key in keys:
        metric, _, other = key.partition("/")
        names |= {f"{metric}/{_column_name(other)}": key, metric_name(key, column): key}
    return {names.get(name) or _plain_name(name, column): value for name, value in logged.items()}


def _plain_name(name: str, column: str) -> str:
    """Return the name inside fairrun of a metric whose column has a name that MLflow allows."""
    if _LIMIT.fullmatch(name):  # a column, too, can be called interval
        name = name.removeprefix(f"{_INTERVAL}/")
    of, slash, metric = name.rpartition("/")
    if not slash or _is_known(of):  # earlier versions wrote the metric before the slash
        return name
    about_all = of == _OVERALL and not _is_known(metric)
    return metric if about_all or of == _column_name(column) else f"{metric}/{of}"


def _is_known(name: str) -> bool:
    limit = _LIMIT.fullmatch(name)
    return _is_of_groups(name if limit is None else limit["of"])


def former_metric_name(name: str) -> str:
    """Return the name under which earlier versions logged a metric, which columns could share.

    Examples
    --------
    >>> former_metric_name("disparate_impact/a=b"), former_metric_name("disparate_impact/a(b")
    ('disparate_impact/a_b', 'disparate_impact/a_b')
    """
    metric, slash, column = name.partition("/")
    return metric + slash + _NOT_IN_A_NAME.sub("_", column)
