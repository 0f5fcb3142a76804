"""What a user asks further analyses for, and what each of them gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from fairrun.errors import RequestError
from fairrun.figures import Plot
from fairrun.pages import Section
from fairrun.text import quoted

__all__ = ["NO_ANALYSES", "Analyses", "Analysis"]


@dataclass(frozen=True)
class Analyses:
    """The further analyses that a user asked for; by default none.

    Attributes
    ----------
    given : tuple of str
        The legitimate factors of conditional parity.
    subgroups : int
        The number of columns whose values are crossed in the scan of subgroups; 0 for no scan.
    membership : tuple of str
        The columns with the probabilities of the protected values.
    """

    given: tuple[str, ...] = ()
    subgroups: int = 0
    membership: tuple[str, ...] = ()

    @property
    def parameters(self) -> dict[str, str | None]:
        """Return the parameters of an entry point that ask for the same; None for none."""
        return {
            "given": ",".join(map(quoted, self.given)) or None,
            "subgroups": str(self.subgroups) if self.subgroups else None,
            "membership": ",".join(map(quoted, self.membership)) or None,
        }

    def check_columns(self, outcomes: Mapping[str, str | None]) -> None:
        """Raise RequestError if a factor or a probability is an outcome of the person.

        Parameters
        ----------
        outcomes : mapping of str to str or None
            The parameter that names each outcome, and the column; None if it was not given.
        """
        factors = {item: (item, item.partition(":")[0].strip()) for item in self.given}
        probabilities = {item: (item, item.rpartition(":")[2].strip()) for item in self.membership}
        for role, column in outcomes.items():
            if column is None:
                continue
            if any(column in names for names in factors.values()):
                raise RequestError(
                    f"given={column} is also {role}, and groups with the same {role} would be "
                    "compared; give factors that were known before the decision"
                )
            if any(column in names for names in probabilities.values()):
                raise RequestError(
                    f"membership={column} is also {role}; give a column with the probability of a "
                    "group"
                )


NO_ANALYSES = Analyses()


@dataclass(frozen=True)
class Analysis:
    """The result of one further analysis, as it is shown.

    Attributes
    ----------
    section : Section
        The section of the report.
    tables : mapping of str to DataFrame
        The tables that are logged as `audit/<name>.csv`.
    plots : mapping of str to Plot
        The plots that are logged as `plots/<name>.png`.
    metrics : mapping of str to float
        The metrics, named as inside fairrun.
    said : tuple of str
        The findings that a command prints, one sentence each.
    """

    section: Section
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    plots: Mapping[str, Plot] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    said: tuple[str, ...] = ()
