"""What a check of a data set finds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

__all__ = ["KINDS", "Finding", "Findings", "Kind", "in_words"]

Kind = Literal[
    "target",
    "unusable",
    "leak",
    "copy of protected",
    "spellings",
    "number as text",
    "null as text",
    "small group",
    "nulls",
    "row number",
    "identifier",
    "date",
    "proxy",
    "repeated column",
    "repeated rows",
    "empty",
    "constant",
    "row order",
    "candidates",
]

#: The kinds of findings, those with the worst consequences first.
KINDS: tuple[Kind, ...] = Kind.__args__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Finding:
    """One thing that a check found.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    columns : tuple of str
        The columns that it is about.
    sentence : str
        What was found. It has no value of one person: a value is named only if it is a value of the
        target or of a protected column, or stands in many rows.
    way_out : str
        What to do about it.
    warns : bool
        Whether training warns of it. The other findings are in the table and on the page of
        `check` alone.
    change : mapping of str to object
        What it changes in a draft of the dataset spec: entries of `drop`, `na_values` and `read`.
        Empty if the user has to decide.
    """

    kind: Kind
    columns: tuple[str, ...]
    sentence: str
    way_out: str = ""
    warns: bool = True
    change: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.sentence}; {self.way_out}" if self.way_out else self.sentence


@dataclass(frozen=True)
class Findings:
    """All that a check found in a data set.

    Attributes
    ----------
    columns : pandas.DataFrame
        One row for each column of the data: `column`, `type` (number or category), `role`,
        `distinct` (its number of values), `missing` (its number of nulls), `missing in group_a` and
        `missing in group_b` (shares of the rows of the groups of the first protected column), and
        `note` (the kinds of findings about it).
    findings : tuple of Finding
        The findings, those with the worst consequences first.
    labels : pandas.DataFrame
        One row for each group of each protected column: `protected`, `group`, `rows`, `favourable`
        (their number) and `share`. Empty if the target or the protected columns are not known.
    n_rows : int
        The number of rows.
    notes : tuple of str
        What reading and typing the rows decided, one plain sentence each.
    """

    columns: pd.DataFrame
    findings: tuple[Finding, ...]
    labels: pd.DataFrame
    n_rows: int
    notes: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings that training warns of."""
        return tuple(each for each in self.findings if each.warns)

    @property
    def table(self) -> pd.DataFrame:
        """One row for each finding: `kind`, `columns`, `sentence` and `way_out`."""
        return pd.DataFrame(
            [(f.kind, ", ".join(f.columns), f.sentence, f.way_out) for f in self.findings],
            columns=["kind", "columns", "sentence", "way_out"],
        )

    def about(self, *kinds: Kind) -> tuple[Finding, ...]:
        """Return the findings of some kinds."""
        return tuple(each for each in self.findings if each.kind in kinds)


def in_words(names: Iterable[str], most: int = 5) -> str:
    """Return names in a sentence, with the number of those that are left out.

    Examples
    --------
    >>> in_words(["age", "job", "pay"]), in_words(["age", "job", "pay"], most=2)
    ('age, job and pay', 'age, job and 1 more')
    """
    every = list(names)
    shown = every[:most] if len(every) <= most else [*every[:most], f"{len(every) - most} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
