"""What a sweep looks for: one or two metrics to make better, and what they must stay within."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fairrun.documents import did_you_mean
from fairrun.errors import RequestError
from fairrun.gate import GATE_METRICS, Gate, GateMetric, Term, Verdict, judge, overall, read_gate
from fairrun.groups import ProtectedColumn
from fairrun.metrics import PERFORMANCE_METRICS

__all__ = ["Constraint", "Objective", "interval_keys", "parse_objectives", "read_constraint"]

#: The better the lower.
_LOSSES = {"brier_score"}
#: What an objective may be; the rates of a group are neither good nor bad.
_KNOWN = [
    name
    for name, metric in GATE_METRICS.items()
    if name not in ("abroca", "cohen_d", "2sd_rule")
    and (metric.kind != "performance" or name in {*PERFORMANCE_METRICS, "roc_auc", *_LOSSES})
]
#: A constraint that is violated by more is as bad, and one that is undefined.
_WORST_VIOLATION = 10.0

Metrics = Mapping[str, float]


@dataclass(frozen=True)
class Objective:
    """A metric that a sweep makes better: performance higher, groups nearer to each other.

    Attributes
    ----------
    metric : GateMetric
        The metric.
    protected : str
        The protected column or crossing it compares; empty for performance.
    key : str
        What its value is called among a trial's metrics.
    """

    metric: GateMetric
    protected: str
    key: str

    def gain(self, metrics: Metrics) -> tuple[float, float, float]:
        """Turn the metric into what is to be made as large as can be, with its interval.

        Parameters
        ----------
        metrics : mapping of str to float
            Of a trial.

        Returns
        -------
        value, low, high : float
            Of a difference −|d|, of a ratio min(r, 1/r): the limits are those of all values within
            its interval. NaN where it is undefined.

        Examples
        --------
        >>> sp = parse_objectives("statistical_parity", [])[0]
        >>> sp.gain({"statistical_parity": 0.02, "statistical_parity_ci_low": -0.01,
        ...          "statistical_parity_ci_high": 0.05})
        (-0.02, -0.05, -0.0)
        """
        value, low, high = (metrics.get(name, math.nan) for name in interval_keys(self.key))
        if math.isnan(value):
            return math.nan, math.nan, math.nan
        if self.metric.kind == "difference":
            nearest = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
            return -abs(value), -max(abs(low), abs(high)), -nearest
        if self.metric.kind == "ratio":
            ends = [_nearness(end) for end in (low, high)]
            return _nearness(value), min(ends), 1.0 if low <= 1 <= high else max(ends)
        return (-value, -high, -low) if self.metric.name in _LOSSES else (value, low, high)

    def __str__(self) -> str:
        return self.key


def _nearness(ratio: float) -> float:
    return min(ratio, 1 / ratio) if ratio > 0 else 0.0


def interval_keys(key: str) -> tuple[str, str, str]:
    """Name a metric and its limits.

    Examples
    --------
    >>> interval_keys("disparate_impact_worst/race")[1]
    'disparate_impact_worst_ci_low/race'
    """
    name, slash, column = key.partition("/")
    return key, f"{name}_ci_low{slash}{column}", f"{name}_ci_high{slash}{column}"


def parse_objectives(text: str, columns: Sequence[ProtectedColumn]) -> tuple[Objective, ...]:
    """Parse one or two metrics separated by a comma; after `@` a protected column or crossing.

    Raises
    ------
    RequestError
        If a metric is not known or is no objective, or there are more than two.
    """
    objectives = tuple(_objective(part.strip(), columns) for part in text.split(","))
    if len(objectives) > 2 or len({each.key for each in objectives}) < len(objectives):
        raise RequestError(f"objective={text}: give one metric or two different ones")
    return objectives


def _objective(text: str, columns: Sequence[ProtectedColumn]) -> Objective:
    name, _, protected = (part.strip() for part in text.partition("@"))
    if name not in _KNOWN:
        hint = did_you_mean(name, _KNOWN, f"give one of {', '.join(_KNOWN)}")
        raise RequestError(f"objective={name} is not known; {hint}")
    metric = GATE_METRICS[name]
    if metric.kind == "performance" and protected:
        raise RequestError(f"objective={text}: performance is of all rows here; leave @ out")
    about, key = _about(metric, protected or None, columns)
    return Objective(metric, about, key)


def _about(
    metric: GateMetric, protected: str | None, columns: Sequence[ProtectedColumn]
) -> tuple[str, str]:
    """Find the column or crossing that is meant, and the name of the metric in a trial's."""
    if metric.kind == "performance" or not columns:
        return "", metric.name
    first = columns[0].name
    term = Term(metric, metric.kind == "ratio", 0.5, protected or first)
    (names,) = term.about(columns)
    about = ":".join(names)
    several = math.prod(len(c.values) for c in columns if c.name in names) > 2
    suffix = "" if about == first else f"/{about}"
    return about, metric.name + ("_worst" if several else "") + suffix


@dataclass(frozen=True)
class Constraint:
    """What a trial must stay within: the terms of a gate, on the interval of each.

    Attributes
    ----------
    gate : Gate
        As the evaluation on test judges it; a term without a column is about the first one.
    keys : tuple of str
        For each term what its value is called among a trial's metrics.
    abouts : tuple of str
        For each term the column or crossing it is about.
    """

    gate: Gate
    keys: tuple[str, ...]
    abouts: tuple[str, ...]

    def verdict(self, metrics: Metrics) -> Verdict:
        """Judge a trial's intervals: all within what is allowed, one outside, or neither."""
        limits = [interval_keys(key)[1:] for key in self.keys]
        return overall(
            judge(term, *(metrics.get(end, math.nan) for end in ends))
            for term, ends in zip(self.gate.terms, limits, strict=True)
        )

    def violations(self, metrics: Metrics) -> dict[str, float]:
        """Say by how much each term's interval reaches outside; at most 0 where it does not."""
        found = {}
        for term, key in zip(self.gate.terms, self.keys, strict=True):
            ends = (metrics.get(end, math.nan) for end in interval_keys(key)[1:])
            distance = term.bound(*ends) - term.threshold
            found[str(term)] = min(-distance if term.at_least else distance, _WORST_VIOLATION)
        return found

    def __str__(self) -> str:
        return str(self.gate)


def read_constraint(text: str, columns: Sequence[ProtectedColumn]) -> Constraint:
    """Read a constraint as a gate is read; a term without `@` is about the first column alone.

    Raises
    ------
    RequestError
        If it is no gate, or a term is about performance of groups.
    """
    gate = read_gate(text)
    terms, keys, abouts = [], [], []
    for term in gate.terms:
        if term.metric.kind == "performance" and term.protected:
            raise RequestError(f"{term}: in a sweep, performance is of all rows; leave @ out")
        if term.metric.name not in _KNOWN and term.metric.kind != "performance":
            raise RequestError(f"{term}: a sweep measures no {term.metric.name}; leave it out")
        about, key = _about(term.metric, term.protected, columns)
        terms.append(Term(term.metric, term.at_least, term.threshold, about or None))
        keys.append(key)
        abouts.append(about)
    return Constraint(Gate(tuple(terms), gate.min_count), tuple(keys), tuple(abouts))
