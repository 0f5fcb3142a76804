"""Dataset specs: the source of the rows, the role of each column, and the groups to compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from numbers import Integral
from typing import Any, Literal

from fairrun.data.read_options import ReadOptions
from fairrun.data.spec_shape import checked_spec, checked_types
from fairrun.errors import RequestError
from fairrun.groups import Protected, group_from_document, value_text

__all__ = ["DatasetSpec", "Splits"]

Missing = Literal["drop", "keep"]


@dataclass(frozen=True)
class Splits:
    """Sizes of the splits, as shares of the rows, and the seed of the shuffle.

    Attributes
    ----------
    validation, test : float
        The shares of the rows for validation and test. The rest is for training.
    seed : int
        The seed of the shuffle.

    Raises
    ------
    RequestError
        If a share is not above 0, both together are not below 1, or the seed is not a whole number
        of 0 or more.
    """

    validation: float = 0.2
    test: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        if not (self.validation > 0 and self.test > 0 and self.validation + self.test < 1):
            raise RequestError(
                f"validation_size={self.validation} and test_size={self.test} are not shares that "
                "leave rows to train on; give two numbers above 0 whose sum is below 1"
            )
        if not isinstance(self.seed, Integral) or self.seed < 0:
            raise RequestError(f"split_seed={self.seed} is no seed; give a whole number, 0 or more")


@dataclass(frozen=True)
class DatasetSpec:
    """A binary classification problem on a table.

    Attributes
    ----------
    name : str
        The name of the data set in runs and tables.
    source : str
        The source of the rows: `census`, `adult`, a path or URI of a CSV or Parquet file, or the
        artifact URI of an earlier `preprocess`.
    target : str
        The column to predict.
    positive : str
        The favourable value of the target, as text. It is label 1.
    protected : tuple of Protected
        The protected columns. Metrics without a suffix describe the first one.
    drop : tuple of str
        The columns that are not features, such as a column that repeats another one. `prepare` adds
        features without a value, or with only one.
    changeable : tuple of str
        The features that a person can change. Counterfactual hints change only these.
    types : tuple of (str, {"number", "category"})
        The types of columns whose own type is misleading. For example, a postcode is a number, but
        its type is "category". `prepare` adds the type of each feature and protected column, so
        that other rows are read in the same way.
    missing : {"drop", "keep"}
        Whether rows with a missing feature are dropped, or kept and imputed.
    max_dropped : float
        The largest share of rows that may be dropped because of nulls. A larger share is an error.
    na_values : tuple of str
        Values that mean a null in every column, as text, besides an empty cell.
    weight : str or None
        The column with the weight of each row. It is never a feature.
    cluster : str or None
        The column with the cluster of each row, such as its household. It is never a feature. The
        splits keep the rows of a cluster together.
    read : ReadOptions
        How a file is read.
    reading : {1, 2}
        The version of the rules by which a file is read and its columns are typed. Version 1 is
        that of specs that were logged before this field existed; their splits stay as they were.
    splits : Splits
        The sizes of the splits and the seed of the shuffle.
    sensitive : bool
        Whether exact numbers of small groups are stored nowhere: the counts and the score histogram
        of an evaluation are suppressed after the gate has decided.
    licence : str
        The terms under which the rows may be used.
    digests : tuple of (str, str)
        The digest of each split by name; empty before the first split. A split that is derived
        again must have the same digest.

    Raises
    ------
    RequestError
        If no protected column is given, a column has two roles, `max_dropped` is not a share, or a
        type or `missing` is not known.
    """

    name: str
    source: str
    target: str
    positive: str
    protected: tuple[Protected, ...]
    drop: tuple[str, ...] = ()
    changeable: tuple[str, ...] = ()
    types: tuple[tuple[str, str], ...] = ()
    missing: Missing = "drop"
    max_dropped: float = 0.2
    na_values: tuple[str, ...] = ()
    weight: str | None = None
    cluster: str | None = None
    read: ReadOptions = field(default_factory=ReadOptions)
    reading: int = 2
    splits: Splits = Splits()
    sensitive: bool = False
    licence: str = ""
    digests: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if not self.protected:
            raise RequestError("no protected column was given; give protected=COLUMN")
        if self.missing not in ("drop", "keep"):
            raise RequestError(f"missing={self.missing!r} is not known; give drop or keep")
        checked_types(dict(self.types))
        if not 0 <= self.max_dropped <= 1:
            raise RequestError(f"max_dropped={self.max_dropped} is no share; give one from 0 to 1")
        names = [each.column for each in self.protected]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise RequestError(f"the protected column {twice!r} is given twice; give it once")
        others = (self.target, *names, *self.drop)
        if self.weight is not None and self.weight in others:
            raise RequestError(
                f"weight={self.weight} is also the target, or a protected or dropped column; a "
                "weight column is never a feature, so leave it out of drop, or give another column"
            )
        if self.cluster is not None and self.cluster in (*others, self.weight):
            raise RequestError(
                f"cluster={self.cluster} is also the target, the weight, or a protected or dropped "
                "column; a cluster column is never a feature, so leave it out of drop, or give "
                "another column"
            )
        if self.target in self.not_features[1:]:
            raise RequestError(f"the target {self.target!r} is also a protected or dropped column")
        for column in self.changeable:
            if column in self.not_features:
                raise RequestError(
                    f"changeable names {column!r}, which is the target, protected, dropped, the "
                    "weight or the cluster; only features can be changed: leave it out"
                )

    @property
    def not_features(self) -> tuple[str, ...]:
        """Return the target, the protected and dropped columns, the weight and the cluster."""
        rest = tuple(name for name in (self.weight, self.cluster) if name is not None)
        return (self.target, *(p.column for p in self.protected), *self.drop, *rest)

    def to_dict(self) -> dict[str, Any]:
        """Return the spec as a dict that can be written as JSON or YAML."""
        return asdict(self) | {
            "protected": [asdict(protected) for protected in self.protected],
            "drop": list(self.drop),
            "changeable": list(self.changeable),
            "types": dict(self.types),
            "na_values": list(self.na_values),
            "read": self.read.to_dict(),
            "digests": dict(self.digests),
        }

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> DatasetSpec:
        """Return the spec that a dict of `to_dict`, or a YAML file of the same form, describes.

        Parameters
        ----------
        saved : mapping
            The fields of the spec. Only `source`, `target`, `positive` and `protected` are
            required.

        Raises
        ------
        RequestError
            If a required field is missing, or a field is not known or not valid.
        """
        given = checked_spec(saved)
        values = given | {
            "name": given.get("name", given["source"]),
            "positive": value_text(given["positive"]),
            "protected": tuple(_protected(entry) for entry in given["protected"]),
            "types": tuple(sorted(given.get("types", {}).items())),
            "read": ReadOptions.from_dict(given.get("read", {})),
            "splits": Splits(**given.get("splits", {})),
            "digests": tuple(sorted(given.get("digests", {}).items())),
        }
        for name in ("drop", "changeable", "na_values"):
            values[name] = tuple(given.get(name, ()))
        return cls(**values)

    def with_digests(self, digests: Mapping[str, str]) -> DatasetSpec:
        """Return a copy of the spec with the digests of its splits."""
        return replace(self, digests=tuple(sorted(digests.items())))


def _protected(entry: Mapping[str, Any]) -> Protected:
    other = entry.get("unprivileged")
    return Protected(
        entry["column"],
        group_from_document(entry["privileged"]),
        None if other is None else group_from_document(other),
    )
