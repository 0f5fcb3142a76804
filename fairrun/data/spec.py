"""A prediction problem declared as data: which columns are what, and whom to compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from fairrun.errors import RequestError
from fairrun.groups import Protected

__all__ = ["DatasetSpec", "Splits"]

Missing = Literal["drop", "keep"]


@dataclass(frozen=True)
class Splits:
    """How the rows are split: shares of the rows, and the seed of the shuffle."""

    validation: float = 0.2
    test: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        if not (self.validation > 0 and self.test > 0 and self.validation + self.test < 1):
            raise RequestError(
                f"validation_size={self.validation} and test_size={self.test} are not shares that "
                "leave rows to train on; give two numbers above 0 whose sum is below 1"
            )


@dataclass(frozen=True)
class DatasetSpec:
    """A binary classification problem over a table.

    Attributes
    ----------
    name : str
        What the data set is called in runs and tables.
    source : str
        Where the rows are: `census`, `adult`, a path or URI of a CSV or Parquet file, or the
        artifact URI of an earlier `preprocess`.
    target : str
        The column that is predicted.
    positive : str
        Its favourable value, as text; predicted as 1.
    protected : tuple of Protected
        The protected columns; metrics without a suffix are about the first.
    drop : tuple of str
        Columns that are not features, such as one that repeats another.
    changeable : tuple of str
        Features that a person can change: counterfactual hints are about these alone.
    types : tuple of (str, {"number", "category"})
        What a column is read as, where its own type does not say: a postcode is a number that
        names a category.
    missing : {"drop", "keep"}
        Rows with a null in a feature are dropped, or kept and imputed.
    splits : Splits
        How the rows are split.
    licence : str
        Under which terms the rows may be used.
    digests : tuple of (str, str)
        The digest of each split by name, once it is known; a split that is derived again is
        checked against it.
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
    splits: Splits = Splits()
    licence: str = ""
    digests: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if not self.protected:
            raise RequestError("no protected column was given; give protected=COLUMN")
        if self.missing not in ("drop", "keep"):
            raise RequestError(f"missing={self.missing!r} is not known; give drop or keep")
        for column, kind in self.types:
            if kind not in ("number", "category"):
                raise RequestError(
                    f"the type {kind!r} of {column!r} is not known; give number or category"
                )
        if self.target in self.not_features[1:]:
            raise RequestError(f"the target {self.target!r} is also a protected or dropped column")
        for column in self.changeable:
            if column in self.not_features:
                raise RequestError(
                    f"changeable names {column!r}, which is the target, protected or dropped; "
                    "only features can be changed: leave it out"
                )

    @property
    def not_features(self) -> tuple[str, ...]:
        """The target, the protected and the dropped columns."""
        return (self.target, *(p.column for p in self.protected), *self.drop)

    def to_dict(self) -> dict[str, Any]:
        """Turn into what JSON and YAML can hold."""
        return asdict(self) | {
            "protected": [asdict(protected) for protected in self.protected],
            "drop": list(self.drop),
            "changeable": list(self.changeable),
            "types": dict(self.types),
            "digests": dict(self.digests),
        }

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> DatasetSpec:
        """Build from what `to_dict` gave, or from a YAML file of the same shape.

        Raises
        ------
        RequestError
            If a field is missing or not known.
        """
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(saved) - known)
        needed = {"source", "target", "positive", "protected"}
        missing = sorted(needed - set(saved))
        if unknown or missing:
            raise RequestError(
                f"the dataset spec has unknown fields {unknown} and lacks {missing}; "
                f"its fields are {', '.join(sorted(known))}"
            )
        values = dict(saved)
        values.setdefault("name", str(saved["source"]))
        values["positive"] = str(saved["positive"])
        values["protected"] = tuple(_protected(entry) for entry in saved["protected"])
        values["drop"] = _texts(saved.get("drop", ()))
        values["changeable"] = _texts(saved.get("changeable", ()))
        values["types"] = tuple(sorted(dict(saved.get("types", {})).items()))
        values["splits"] = Splits(**saved.get("splits", {}))
        values["digests"] = tuple(sorted(dict(saved.get("digests", {})).items()))
        return cls(**values)

    def with_digests(self, digests: Mapping[str, str]) -> DatasetSpec:
        """Give the same spec with the digests of its splits."""
        return replace(self, digests=tuple(sorted(digests.items())))


def _protected(entry: Mapping[str, Any]) -> Protected:
    try:
        other = entry.get("unprivileged")
        return Protected(
            str(entry["column"]), str(entry["privileged"]), None if other is None else str(other)
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise RequestError(
            "each entry of protected needs a column and its privileged value"
        ) from error


def _texts(values: Sequence[Any]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)
