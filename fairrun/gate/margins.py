"""The largest losses that are accepted of a model that takes the place of another one."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fairrun.errors import RequestError
from fairrun.gate.terms import GATE_METRICS
from fairrun.text import did_you_mean

__all__ = ["MARGIN", "Margins", "parse_margins"]

#: The default margins. A ratio has a wider one: its logarithm changes by 0.1 if one group is
#: selected 10 % less often, which is a single point in a hundred where 10 % are selected.
MARGIN = "0.02; disparate_impact=0.1"
#: A margin is a share, a difference of shares or the logarithm of a ratio. With more, every model
#: is not worse.
_MOST = 1.0
_EXAMPLE = "0.02, or 0.02; disparate_impact=0.1"


@dataclass(frozen=True)
class Margins:
    """The largest losses that are accepted of a model that takes the place of another one.

    Attributes
    ----------
    usual : float
        The margin of every metric that has none of its own.
    own : tuple of (str, float)
        Metrics with a margin of their own, by name.

    Examples
    --------
    >>> margins = parse_margins("0.02; disparate_impact = 0.10")
    >>> margins.of("accuracy"), margins.of("disparate_impact"), str(margins)
    (0.02, 0.1, '0.02; disparate_impact=0.1')
    """

    usual: float
    own: tuple[tuple[str, float], ...] = ()

    def of(self, metric: str) -> float:
        """Return the margin of a metric."""
        return dict(self.own).get(metric, self.usual)

    def __str__(self) -> str:
        return "; ".join([_exact(self.usual), *(f"{n}={_exact(m)}" for n, m in self.own)])


def parse_margins(text: str) -> Margins:
    """Parse margins: one number, and perhaps metrics with a number of their own.

    Parameters
    ----------
    text : str
        Such as ``0.02`` or ``0.02; disparate_impact=0.1``.

    Returns
    -------
    Margins

    Raises
    ------
    RequestError
        If a part is not a number from 0 to below 1, a metric is not known to gates or is given
        twice, or there is not one number without a metric.
    """
    parts = [part.partition("=") for part in text.split(";") if part.strip()]
    usual = [_margin(text, before) for before, sign, _ in parts if not sign]
    own = [(before.strip(), _margin(text, after)) for before, sign, after in parts if sign]
    names = [name for name, _ in own]
    if len(usual) != 1 or len(set(names)) < len(names):
        raise RequestError(
            f"margin={text} needs one number, and each metric at most once; give {_EXAMPLE}"
        )
    for name in names:
        if name not in GATE_METRICS:
            nearest = did_you_mean(name, GATE_METRICS, f"give one of {', '.join(GATE_METRICS)}")
            raise RequestError(f"margin={text} names {name!r}, which no gate knows; {nearest}")
    return Margins(usual[0], tuple(own))


def _exact(margin: float) -> str:
    """Return a number as short text where that is exact, because a run's margin is read again."""
    short = f"{margin:.12g}"
    return short if float(short) == margin else repr(margin)


def _margin(text: str, number: str) -> float:
    try:
        found = float(number)
    except ValueError:
        found = math.nan
    if not 0 <= found < _MOST:
        raise RequestError(
            f"margin={text}: {number.strip() or 'nothing'} is no margin; give numbers from 0 to "
            f"below 1, such as {_EXAMPLE}"
        )
    return found
