"""What a gate demands: `disparate_impact>=0.8; accuracy>=0.8 @ sex`, as text or as YAML."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

from fairrun.documents import did_you_mean, is_yaml, read_yaml
from fairrun.errors import RequestError
from fairrun.groups import ProtectedColumn
from fairrun.metrics import BIAS_METRICS, GROUP_RATES, PERFORMANCE_METRICS, Rate, accuracy
from fairrun.metrics import false_positive_rate as of_label_0
from fairrun.metrics import true_positive_rate as of_label_1

__all__ = ["GATE_METRICS", "Gate", "GateMetric", "Term", "parse_gate", "read_gate"]

Kind = Literal["difference", "ratio", "performance"]

_TERM = re.compile(
    r"(?P<metric>\w+)\s*(?P<sign>>=|<=)\s*(?P<threshold>[^\s@]+)\s*(@\s*(?P<protected>.*\S))?"
)
_MIN_COUNT = re.compile(r"min_count\s*[=:]\s*(?P<value>\S+)")


@dataclass(frozen=True)
class GateMetric:
    """A metric that a gate can demand something of: one that has an interval.

    Parameters
    ----------
    name : str
        Its name.
    kind : {"difference", "ratio", "performance"}
        A difference a − b or a ratio a / b of groups, or the performance (or a rate) of some rows.
    rates : tuple of Rate
        What it is made of; each must be taken over enough rows.
    recorded : str
        What it is called in `Audit.rates`: precision is the positive predictive value.
    of_groups : bool
        Whether each group has it, too.
    """

    name: str
    kind: Kind
    rates: tuple[Rate, ...]
    recorded: str
    of_groups: bool = True


def _gate_metrics() -> dict[str, GateMetric]:
    both_labels = (of_label_1, of_label_0)
    metrics = [
        GateMetric(m.name, "ratio" if m.kind == "ratio" else "difference", m.rates, m.name)
        for m in BIAS_METRICS.values()
        if m.signed
    ]
    metrics.append(GateMetric("abroca", "difference", both_labels, "abroca"))
    performance = chain(PERFORMANCE_METRICS.items(), GROUP_RATES.items())
    for name, rate in dict(performance).items():
        of_groups = rate.name in GROUP_RATES
        metrics.append(GateMetric(name, "performance", rate.parts, rate.name, of_groups))
    metrics.append(GateMetric("roc_auc", "performance", both_labels, "roc_auc"))
    metrics.append(GateMetric("brier_score", "performance", (accuracy,), "brier_score"))
    return {metric.name: metric for metric in metrics}


#: The metrics of gates by name.
GATE_METRICS: dict[str, GateMetric] = _gate_metrics()

_INSTEAD = {
    "four_fifths_rule": "write disparate_impact>=0.8, which is the same in either direction",
    "calibration_error": "write brier_score<=…",
}


@dataclass(frozen=True)
class Term:
    """One demand of a gate.

    Parameters
    ----------
    metric : GateMetric
        The metric.
    at_least : bool
        Whether `>=` was written, else `<=`.
    threshold : float
        The number.
    protected : str or None
        What stands after `@`: a protected column, or several joined with a colon.

    Examples
    --------
    >>> parse_gate("disparate_impact >= 0.8 @ sex").terms[0].allowed
    (0.8, 1.25)
    """

    metric: GateMetric
    at_least: bool
    threshold: float
    protected: str | None = None

    def __str__(self) -> str:
        where = f" @ {self.protected}" if self.protected else ""
        return f"{self.metric.name}{'>=' if self.at_least else '<='}{self.threshold:.12g}{where}"

    @property
    def allowed(self) -> tuple[float, float]:
        """Where an interval must lie: [−t, t], [t, 1 / t], or all on one side of t."""
        t = self.threshold
        if self.metric.kind == "difference":
            return -t, t
        if self.metric.kind == "ratio":
            return t, 1 / t
        return (t, math.inf) if self.at_least else (-math.inf, t)

    def bound(self, low: float, high: float) -> float:
        """Reduce an interval to the number that decides whether the term holds.

        Parameters
        ----------
        low, high : float
            The limits of the signed difference, of the ratio or of the rate; NaN if there are none.

        Returns
        -------
        float
            The largest |difference|, the smallest ratio in either direction, or the limit on the
            wrong side; infinitely far on the wrong side if there are no limits.

        Examples
        --------
        >>> parse_gate("statistical_parity<=0.1").terms[0].bound(-0.12, 0.04)
        0.12
        """
        if math.isnan(low):
            return -math.inf if self.at_least else math.inf
        if self.metric.kind == "difference":
            return max(-low, high)
        if self.metric.kind == "ratio":
            return min(low, 1 / high) if high > 0 else 0.0
        return low if self.at_least else high

    def is_met_by(self, bound: float) -> bool:
        """Compare what `bound` returns with the threshold."""
        return bound >= self.threshold if self.at_least else bound <= self.threshold

    def about(self, columns: Sequence[ProtectedColumn]) -> list[tuple[str, ...]]:
        """Resolve which columns or crossings the term is about.

        Parameters
        ----------
        columns : sequence of ProtectedColumn
            The protected columns there are.

        Returns
        -------
        list of tuple of str
            Names of columns, crossed where there are two; an empty tuple is all rows together.

        Raises
        ------
        RequestError
            If a name is not that of a column, or more than two are crossed.
        """
        known = [column.name for column in columns]
        if self.protected is None:
            return [()] if self.metric.kind == "performance" else [(name,) for name in known]
        # A column's name may have a colon itself.
        asked = [self.protected] if self.protected in known else self.protected.split(":")
        asked = [name.strip() for name in asked]
        if not set(asked) <= set(known) or not len(set(asked)) == len(asked) <= 2:
            raise RequestError(
                f"the gate's {self} is about {self.protected!r}; the protected columns are "
                f"{', '.join(known)}: give one, or two distinct ones joined with a colon"
            )
        return [tuple(name for name in known if name in asked)]


@dataclass(frozen=True)
class Gate:
    """What a model must meet.

    Parameters
    ----------
    terms : tuple of Term
        All of which must hold.
    min_count : int, default 30
        A group is judged if each rate of a metric is taken over so many of its rows. Without that
        there is not enough evidence.
    """

    terms: tuple[Term, ...]
    min_count: int = 30

    def check(self, columns: Sequence[ProtectedColumn]) -> None:
        """Raise RequestError if a term is about a column that is not among these."""
        for term in self.terms:
            term.about(columns)

    def __str__(self) -> str:
        return "; ".join([*map(str, self.terms), f"min_count={self.min_count}"])


def read_gate(gate: str) -> Gate:
    """Read a gate from text or from a YAML file.

    Parameters
    ----------
    gate : str
        What `parse_gate` reads, or the path of a file that ends in .yaml or .yml. It holds a list
        of terms, or `terms: [...]` and, where it shall not be 30, `min_count`.

    Raises
    ------
    RequestError
        If it cannot be read as a gate.
    """
    if not is_yaml(gate):
        return parse_gate(gate)
    document = read_yaml(gate, "gate")
    if isinstance(document, list):
        document = {"terms": document}
    if (
        not isinstance(document, dict)
        or not {"terms"} <= set(document) <= {"terms", "min_count"}
        or not isinstance(document["terms"], list)
        or not all(isinstance(term, str) for term in document["terms"])
    ):
        raise RequestError(
            f"gate={gate} holds no gate; give a list of terms such as disparate_impact>=0.8, "
            "or the keys terms (that list) and min_count (a whole number)"
        )
    return _gate(document["terms"], document.get("min_count"))


def parse_gate(text: str) -> Gate:
    """Parse terms separated by semicolons.

    Parameters
    ----------
    text : str
        Each term is a metric, >= or <=, a number and, if it shall be about one protected column or
        crossing, @ and its name. One more part may be `min_count=50`.

    Returns
    -------
    Gate

    Raises
    ------
    RequestError
        If a part is no term, a metric is misspelt or has no interval, or a threshold makes no
        sense for it.

    Examples
    --------
    >>> print(parse_gate("statistical_parity <= 0.1; accuracy >= 0.80 @ sex:race"))
    statistical_parity<=0.1; accuracy>=0.8 @ sex:race; min_count=30
    >>> parse_gate("disparate_impct>=0.8")
    Traceback (most recent call last):
    ...
    fairrun.errors.RequestError: a gate knows no metric 'disparate_impct'; did you mean
    disparate_impact?
    """
    parts = [part.strip() for part in text.split(";") if part.strip()]
    counts = [found["value"] for part in parts if (found := _MIN_COUNT.fullmatch(part))]
    if len(counts) > 1:
        raise RequestError("a gate has one min_count; give it once")
    terms = [part for part in parts if not _MIN_COUNT.fullmatch(part)]
    return _gate(terms, counts[0] if counts else None)


def _gate(terms: Sequence[str], min_count: Any) -> Gate:
    if not terms:
        raise RequestError("the gate has no term; give one such as disparate_impact>=0.8")
    parsed = tuple(map(_term, terms))
    if min_count is None:
        return Gate(parsed)
    if not re.fullmatch("[1-9][0-9]*", str(min_count)):
        raise RequestError(
            f"min_count={min_count} is not a number of rows; give a whole number of at least 1"
        )
    return Gate(parsed, int(str(min_count)))


def _term(text: str) -> Term:
    found = _TERM.fullmatch(text.strip())
    if found is None:
        raise RequestError(
            f"{text!r} is no term of a gate; give a metric, >= or <= and a number, such as "
            "disparate_impact>=0.8, and where it is about one column or crossing @ sex:race"
        )
    metric = _metric(found["metric"])
    try:
        threshold = float(found["threshold"])
    except ValueError:
        raise RequestError(f"the threshold of {text!r} is not a number; give one, as 0.8") from None
    term = Term(metric, found["sign"] == ">=", threshold, found["protected"])
    _check(term)
    return term


def _metric(name: str) -> GateMetric:
    if name in GATE_METRICS:
        return GATE_METRICS[name]
    if name in _INSTEAD:
        raise RequestError(f"{name} has no interval, and a gate judges intervals; {_INSTEAD[name]}")
    meant = did_you_mean(name, GATE_METRICS, f"it knows {', '.join(GATE_METRICS)}")
    raise RequestError(f"a gate knows no metric {name!r}; {meant}")


def _check(term: Term) -> None:
    """Raise RequestError if no model, or any model, would hold the term."""
    metric, t = term.metric, term.threshold
    if metric.kind == "ratio":
        sensible, needed = term.at_least and 0 < t < 1, f"{metric.name}>=t with 0 < t < 1"
    elif metric.kind == "difference":
        sensible, needed = not term.at_least and 0 < t < math.inf, f"{metric.name}<=t, t > 0"
    else:
        sensible, needed = 0 < t < 1, f"{metric.name} with a threshold between 0 and 1"
    if not sensible:
        raise RequestError(
            f"{term} cannot be judged: a ratio must lie within [t, 1 / t], a difference within "
            f"[-t, t], a rate on one side of t; give {needed}"
        )
    if term.protected and not metric.of_groups:
        groups = [m.name for m in GATE_METRICS.values() if m.kind == "performance" and m.of_groups]
        raise RequestError(
            f"{metric.name} is of all rows, not of groups; after @ a gate has {', '.join(groups)}"
        )
