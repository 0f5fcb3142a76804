"""The terms of a gate, such as `accuracy>=0.8 @ sex`, and the metrics that they can use."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal

from fairrun.errors import RequestError
from fairrun.groups import ProtectedColumn
from fairrun.metrics import BIAS_METRICS, GROUP_RATES, PERFORMANCE_METRICS, Rate
from fairrun.metrics import false_positive_rate as of_label_0
from fairrun.metrics import true_positive_rate as of_label_1
from fairrun.text import did_you_mean

__all__ = ["GATE_METRICS", "GateMetric", "Term", "parse_term"]

Kind = Literal["difference", "ratio", "performance"]
Better = Literal["higher", "lower", "either", "zero"]

_TERM = re.compile(
    r"(?P<name>\w+|[^<>=@[]+/[^<>=@[]+?)\s*(?P<sign>>=|<=)\s*(?P<threshold>[^\s@[]+)\s*(@\s*(?P<protected>.*?\S)\s*)?"
    r"(?P<declared>\[\s*privileged\s+vs\s+unprivileged\s*\])?"
)
_LIKE_DECLARED = re.compile(r"\[[^]]*(privileged|\bvs\b)[^]]*\]?$", flags=re.IGNORECASE)
#: The end of a term about the two declared groups alone.
_DECLARED = " [privileged vs unprivileged]"
_NO_INTERVAL = "has no interval, and a gate judges intervals"
#: Metrics that a gate refuses: the reason, and what to write instead.
_INSTEAD = {
    "four_fifths_rule": (
        f"{_NO_INTERVAL}; write disparate_impact>=0.8, which is the same in either direction"
    ),
    "calibration_error": (
        "is no longer computed; write squared_calibration_error<=… or brier_score<=…"
    ),
    "2sd_rule": (
        "is a test statistic, whose 95 % interval is about 4 wide even at parity and which grows "
        "with the number of rows; write statistical_parity<=…"
    ),
}


@dataclass(frozen=True)
class GateMetric:
    """A metric that a gate can use: it has an interval.

    Attributes
    ----------
    name : str
        The name in a gate's text.
    kind : {"difference", "ratio", "performance"}
        "difference" is a − b and "ratio" is a / b of two groups. "performance" is a metric of all
        rows or of one group.
    rates : tuple of Rate
        The rates from which the metric is computed. Each needs at least `Gate.min_count` rows. A
        metric of scores has the name of the metric on them, and needs rows of both labels.
    recorded : str
        The name in the tables of `Audit`. For example, `Audit.rates` has the precision of a group
        as `positive_predictive_value`.
    of_groups : bool
        Whether the metric is also computed for each group.
    better : {"higher", "lower", "either", "zero"}
        Which values of a performance metric are better. A term asks for at least or at most a
        threshold accordingly; with "zero", for a distance from 0 of at most the threshold.
    of_scores : bool
        Whether the metric is about scores, so that only an audit of scores has it.
    """

    name: str
    kind: Kind
    rates: tuple[Rate, ...]
    recorded: str
    of_groups: bool = True
    better: Better = "either"
    of_scores: bool = False


def _gate_metrics() -> dict[str, GateMetric]:
    metrics = [
        GateMetric(m.name, "ratio" if m.kind == "ratio" else "difference", m.rates, m.name)
        for m in BIAS_METRICS.values()
        if m.signed and m.name not in _INSTEAD
    ]
    performance = chain(PERFORMANCE_METRICS.items(), GROUP_RATES.items())
    for name, rate in dict(performance).items():
        of_groups = rate.name in GROUP_RATES
        metrics.append(
            GateMetric(name, "performance", rate.parts, rate.name, of_groups, _better(name))
        )
    metrics += (_of_scores(name, "difference") for name in ("roc_auc_difference", "abroca"))
    metrics.append(_of_scores("roc_auc", "performance", "higher"))
    metrics.append(_of_scores("calibration_in_the_large", "performance", "zero"))
    metrics += (
        _of_scores(name, "performance", "lower")
        for name in ("brier_score", "squared_calibration_error")
    )
    return {metric.name: metric for metric in metrics}


def _of_scores(name: str, kind: Kind, better: Better = "either") -> GateMetric:
    rates = tuple(replace(rate, name=name) for rate in (of_label_1, of_label_0))
    return GateMetric(name, kind, rates, name, better=better, of_scores=True)


def _better(rate: str) -> Better:
    if rate in ("base_rate", "selection_rate"):
        return "either"
    return "lower" if rate in ("false_positive_rate", "false_negative_rate") else "higher"


#: The metrics that a gate can use, by name.
GATE_METRICS: dict[str, GateMetric] = _gate_metrics()


@dataclass(frozen=True)
class Term:
    """One requirement of a gate: a metric and its threshold.

    Attributes
    ----------
    metric : GateMetric
        The metric.
    at_least : bool
        True for `>=`, False for `<=`.
    threshold : float
        The threshold.
    protected : str or None
        The text after `@`: a protected column, or two joined with a colon. None if there is none.
    declared : bool
        Whether the term is about the two declared groups alone, group_a and group_b, rather than
        about every pair of values.

    Examples
    --------
    >>> parse_term("disparate_impact >= 0.8 @ sex").allowed
    (0.8, 1.25)
    """

    metric: GateMetric
    at_least: bool
    threshold: float
    protected: str | None = None
    declared: bool = False

    def __str__(self) -> str:
        where = f" @ {self.protected}" if self.protected else ""
        where += _DECLARED if self.declared else ""
        # Short where that is exact, because a run's gate is read again from its text.
        short = f"{self.threshold:.12g}"
        threshold = short if float(short) == self.threshold else repr(self.threshold)
        return f"{self.metric.name}{'>=' if self.at_least else '<='}{threshold}{where}"

    @property
    def is_around_zero(self) -> bool:
        """Whether the term limits the distance from 0 of a number that has a sign."""
        return self.metric.kind == "difference" or self.metric.better == "zero"

    @property
    def allowed(self) -> tuple[float, float]:
        """Return the range that must contain the interval, for the threshold t.

        The range is [−t, t] for a difference and for a metric that is best at 0, and [t, 1 / t] for
        a ratio. For another performance metric, it is [t, ∞) or (−∞, t].
        """
        t = self.threshold
        if self.is_around_zero:
            return -t, t
        if self.metric.kind == "ratio":
            return t, 1 / t
        return (t, math.inf) if self.at_least else (-math.inf, t)

    def bound(self, low: float, high: float) -> float:
        """Return the number in an interval that is furthest towards failing the term.

        Parameters
        ----------
        low, high : float
            The limits of the signed difference, of the ratio or of the rate; NaN if there are none.

        Returns
        -------
        float
            For a difference, or a metric that is best at 0, the largest absolute value in the
            interval. For a ratio, the smallest ratio in either direction. For another performance
            metric, the lower limit with `>=` and the upper limit with `<=`. Without limits, −∞ with
            `>=` and ∞ with `<=`.

        Examples
        --------
        >>> parse_term("statistical_parity<=0.1").bound(-0.12, 0.04)
        0.12
        """
        if math.isnan(low):
            return -math.inf if self.at_least else math.inf
        if self.is_around_zero:
            return max(-low, high)
        if self.metric.kind == "ratio":
            return min(low, 1 / high) if high > 0 else 0.0
        return low if self.at_least else high

    def is_met_by(self, bound: float) -> bool:
        """Return whether a number from `bound` meets the threshold."""
        return bound >= self.threshold if self.at_least else bound <= self.threshold

    def about(self, protected: Sequence[ProtectedColumn]) -> list[tuple[str, ...]]:
        """Return the protected columns or crossings to which the term applies.

        Parameters
        ----------
        protected : sequence of ProtectedColumn
            The protected columns of the data.

        Returns
        -------
        list of tuple of str
            Each tuple holds the name of one column, or the names of two crossed columns. An empty
            tuple stands for all rows together.

        Raises
        ------
        RequestError
            If a name is not a protected column, or the term crosses more than two columns.
        """
        known = [column.name for column in protected]
        if self.protected is None:
            of_all = self.metric.kind == "performance" and not self.declared
            return [()] if of_all else [(name,) for name in known]
        # The name of a column can contain a colon, so the whole text is tried first.
        asked = [self.protected] if self.protected in known else self.protected.split(":")
        asked = [name.strip() for name in asked]
        if not set(asked) <= set(known) or not len(set(asked)) == len(asked) <= 2:
            raise RequestError(
                f"the gate's term {self} names {self.protected!r}; after @, give one of the "
                f"protected columns {', '.join(known)}, or two different ones joined with a colon "
                "(their crossing), and write one term for each"
            )
        return [tuple(name for name in known if name in asked)]


def parse_term(text: str) -> Term:
    """Parse one term of a gate.

    The name of the logged worst pair, such as `race/statistical_parity_worst`, is read as the term
    for every pair, `statistical_parity @ race`. Before 0.2, it was `statistical_parity_worst/race`.

    Parameters
    ----------
    text : str
        The term in the form of `fairrun.gate.parse_gate`.

    Returns
    -------
    Term

    Raises
    ------
    RequestError
        If the text is not a term, its metric is not known or has no interval, or its threshold or
        direction is not valid for the metric.

    Examples
    --------
    >>> print(parse_term("accuracy >= 0.80 @ sex"))
    accuracy>=0.8 @ sex
    """
    found = _TERM.fullmatch(text.strip())
    if _LIKE_DECLARED.search(text.strip()) and (found is None or found["declared"] is None):
        raise RequestError(
            f"the brackets of {text!r} are not known; write{_DECLARED} to compare the two declared "
            "groups"
        )
    if found is None:
        raise RequestError(
            f"{text!r} is not a term of a gate; give a metric, >= or <= and a number, such as "
            "disparate_impact>=0.8 or disparate_impact>=0.8 @ sex:race"
        )
    protected, declared = found["protected"], found["declared"] is not None
    name, of = _without_column(found["name"])
    metric = _metric(name)
    of_worst = metric.name != name
    if of is not None:
        if not of_worst or protected or declared:
            raise RequestError(
                f"{text!r} has a column beside a slash, as names of logged metrics have; write "
                f"{metric.name} with the column after @"
            )
        protected = of
    if of_worst and declared:
        raise RequestError(f"{text!r} asks for the worst pair and for the two declared groups")
    try:
        threshold = float(found["threshold"])
    except ValueError:
        raise RequestError(
            f"the threshold of {text!r} is not a number; give a number such as 0.8"
        ) from None
    if protected and (protected.startswith(":") or protected.endswith(":")):
        raise RequestError(
            f"{text!r} has a colon without a name on each side; after @, give a protected column, "
            "or two joined with a colon"
        )
    term = Term(metric, found["sign"] == ">=", threshold, protected, declared)
    _check(term)
    return term


def _without_column(name: str) -> tuple[str, str | None]:
    """Return the metric and the column of the name of a logged metric, in either order."""
    first, slash, rest = (part.strip() for part in name.partition("/"))
    if not slash:
        return name, None
    if first.removesuffix("_worst") in (*GATE_METRICS, *_INSTEAD):
        return first, rest
    column, _, metric = (part.strip() for part in name.rpartition("/"))
    return metric, column


def _metric(name: str) -> GateMetric:
    if name in GATE_METRICS:
        return GATE_METRICS[name]
    of_pairs = GATE_METRICS.get(name.removesuffix("_worst"))
    if of_pairs is not None and of_pairs.name in BIAS_METRICS:
        return of_pairs
    refused = name.removesuffix("_worst")
    if refused in _INSTEAD:
        raise RequestError(f"{refused} {_INSTEAD[refused]}")
    meant = did_you_mean(name, GATE_METRICS, f"it knows {', '.join(GATE_METRICS)}")
    raise RequestError(f"a gate knows no metric {name!r}; {meant}")


#: The largest threshold. More is a slip, and would squeeze every value to one point of a plot.
_MOST = 1000


def _check(term: Term) -> None:
    """Raise RequestError if every model or no model could meet the term."""
    metric, t = term.metric, term.threshold
    if metric.kind == "ratio":
        sensible, needed = term.at_least and 0 < t < 1, f"{metric.name}>=t with 0 < t < 1"
    elif metric.kind == "difference":
        sensible, needed = (
            not term.at_least and 0 < t <= _MOST,
            f"{metric.name}<=t, 0 < t <= {_MOST}",
        )
    else:
        sign = {"higher": ">=", "lower": "<=", "zero": "<="}.get(metric.better)
        needed = f"{metric.name}{sign or ''} with a threshold between 0 and 1"
        sensible = 0 < t < 1 and sign in (None, ">=" if term.at_least else "<=")
    if not sensible:
        raise RequestError(
            f"{term} is not a valid term: a ratio must lie in [t, 1 / t], a difference in [-t, t], "
            f"a rate on one side of t; give {needed}"
        )
    if (term.protected or term.declared) and not metric.of_groups:
        groups = [m.name for m in GATE_METRICS.values() if m.kind == "performance" and m.of_groups]
        raise RequestError(
            f"{metric.name} is not computed for groups; leave out "
            f"{f'@ {term.protected}' if term.protected else _DECLARED.strip()}, or give "
            f"{', '.join(groups)}"
        )
