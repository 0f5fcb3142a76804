"""The number of rows that a check would need, and how it is said."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fairrun.gate.judgements import Verdict

__all__ = ["ABOUT_ROWS_NEEDED", "Needed", "RowsNeeded"]

#: What stands above the answers where people read them.
ABOUT_ROWS_NEEDED = "Rows that would decide with a probability of 80 %, by the true value:"


@dataclass(frozen=True)
class Needed:
    """The rows that would probably decide a check if the true value is a given one.

    Attributes
    ----------
    assumed : str
        The assumption in words, such as "as measured", or "to be judged at all".
    value : float
        The true value that is assumed; NaN if rows are only needed to be judged at all.
    verdict : Verdict or None
        The verdict that is then probable; None if rows are only needed to be judged at all.
    times : float
        How many times the present rows are needed; infinite if no number of rows would decide.
    rows : tuple of int
        The number of rows of each group; empty if no number of rows would decide.
    effective : tuple of int
        For weighted or clustered rows, the effective numbers of these rows; otherwise empty.
    """

    assumed: str
    value: float
    verdict: Verdict | None
    times: float
    rows: tuple[int, ...] = ()
    effective: tuple[int, ...] = ()


@dataclass(frozen=True)
class RowsNeeded:
    """The rows that a check without a verdict needs.

    Attributes
    ----------
    groups : tuple of str
        The groups whose rows are counted.
    answers : tuple of Needed
        The rows for each assumption about the true value.

    Examples
    --------
    >>> from fairrun.gate import Verdict
    >>> answer = Needed("halfway to the limit", 0.05, Verdict.PASS, 4.1, (2050, 820))
    >>> print(RowsNeeded(("Male", "Female"), (answer,)))
    halfway to the limit (0.050): about 2,100 rows of Male and 820 of Female to pass
    """

    groups: tuple[str, ...]
    answers: tuple[Needed, ...]

    def __str__(self) -> str:
        return "; ".join(map(self.words, self.answers))

    def words(self, answer: Needed) -> str:
        """Return one answer in words."""
        if answer.verdict is None:
            return f"{answer.assumed}: about {self._rows(answer)}"
        value = f"{answer.assumed} ({answer.value:z.3f})"
        if not answer.rows:
            at_limit = "the value is at the limit"
            why = "this check cannot fail" if math.isnan(answer.times) else at_limit
            return f"{value}: no number of rows would probably decide, because {why}"
        return f"{value}: about {self._rows(answer)} to {answer.verdict.words}"

    def _rows(self, answer: Needed) -> str:
        """Return the numbers of rows in words, with two digits."""
        of = ["" if name == "(all)" else f" of {name}" for name in self.groups]
        counts = [_two_digits(n) for n in answer.rows]
        said = [f"{n}{name}" for n, name in zip(counts, of, strict=True)]
        said[0] = f"{counts[0]} {'row' if counts[0] == '1' else 'rows'}{of[0]}"
        if answer.effective:
            effective = map(_two_digits, answer.effective)
            said = [f"{one} (effective {n})" for one, n in zip(said, effective, strict=True)]
        return " and ".join(filter(None, [", ".join(said[:-1]), said[-1]]))


def _two_digits(n: int) -> str:
    """Return a number rounded up to two digits.

    Examples
    --------
    >>> _two_digits(2041), _two_digits(96), _two_digits(7)
    ('2,100', '96', '7')
    """
    unit = 10 ** max(len(str(n)) - 2, 0)
    return f"{math.ceil(n / unit) * unit:,}"
