"""The roles of columns in a check, some of which may not be known yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fairrun.data.spec import DatasetSpec
from fairrun.groups import Protected

__all__ = ["Roles"]


@dataclass(frozen=True)
class Roles:
    """The roles of columns. A `DatasetSpec` has all of them; a newcomer may know none.

    Attributes
    ----------
    target, positive : str or None
        The column to predict and its favourable value.
    protected : tuple of Protected
        The protected columns and their groups.
    drop : tuple of str
        The columns that are not features.
    weight : str or None
        The column with the weight of each row.
    cluster : str or None
        The column with the cluster of each row.
    missing : {"drop", "keep"}
        Whether rows with a null in a feature are dropped.
    as_categories : frozenset of str
        The columns that the user declared to be categories.
    test_share : float
        The share of rows in the test split.
    """

    target: str | None = None
    positive: str | None = None
    protected: tuple[Protected, ...] = ()
    drop: tuple[str, ...] = ()
    weight: str | None = None
    cluster: str | None = None
    missing: str = "drop"
    as_categories: frozenset[str] = frozenset()
    test_share: float = 0.2

    @classmethod
    def of(cls, spec: DatasetSpec) -> Roles:
        """Return the roles that a dataset spec gives."""
        return cls(
            target=spec.target,
            positive=spec.positive,
            protected=spec.protected,
            drop=spec.drop,
            weight=spec.weight,
            cluster=spec.cluster,
            missing=spec.missing,
            as_categories=frozenset(name for name, kind in spec.types if kind == "category"),
            test_share=spec.splits.test,
        )

    def role(self, column: str) -> str:
        """Return the role of a column in a word.

        Examples
        --------
        >>> roles = Roles("paid", "yes", (Protected("sex", "Male"),), drop=("id",))
        >>> [roles.role(name) for name in ("paid", "sex", "id", "age")]
        ['target', 'protected', 'dropped', 'feature']
        """
        if column == self.target:
            return "target"
        if column in [protected.column for protected in self.protected]:
            return "protected"
        if column in self.drop:
            return "dropped"
        if column == self.weight:
            return "weight"
        return "cluster" if column == self.cluster else "feature"

    def features(self, columns: Iterable[str]) -> list[str]:
        """Return the columns that are features."""
        return [name for name in columns if self.role(name) == "feature"]
