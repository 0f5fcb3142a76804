"""From raw rows to typed features, a label of 0 and 1, and three reproducible splits."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.data.checks import check_features, check_groups
from fairrun.data.sources import load_source
from fairrun.data.spec import DatasetSpec, Splits
from fairrun.data.weights import read_weights, relative_weights, weights_note
from fairrun.errors import RequestError
from fairrun.groups import group_lookup, group_table_names, name_groups, value_text

__all__ = ["SPLIT_NAMES", "Dataset", "Rows", "label_group_counts", "prepare", "prepare_rows"]

SPLIT_NAMES = ("train", "validation", "test")


@dataclass(frozen=True)
class Rows:
    """Rows for training or measuring a model.

    Attributes
    ----------
    frame : pandas.DataFrame
        The features and protected columns. Numbers are float64 with NaN for a missing value. Text
        has the dtype object with None for a missing value.
    label : ndarray of int64, shape (n_rows,)
        The labels, 0 or 1; 1 is the favourable outcome.
    weight : ndarray of float64, shape (n_rows,), or None
        The weights as the data have them, at least 0; None without a weight column. They are never
        a feature.
    """

    frame: pd.DataFrame
    label: NDArray[np.int64]
    weight: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.frame)

    def take(self, positions: NDArray[np.intp]) -> Rows:
        """Return the rows at these positions."""
        weight = None if self.weight is None else self.weight[positions]
        frame = self.frame.iloc[positions].reset_index(drop=True)
        return Rows(frame, self.label[positions], weight)

    @property
    def sample_weight(self) -> NDArray[np.float64] | None:
        """The weights for a fit, with mean 1; see `relative_weights`."""
        return None if self.weight is None else relative_weights(self.weight)

    def digest(self) -> str:
        """Return SHA-256 of column names, values, labels and weights, in order, as 32 hex digits.

        Rows without weights have the digest that they had before weights existed.
        """
        sha = hashlib.sha256(self.label.astype("<i8").tobytes())
        if self.weight is not None:
            sha.update(b"\0\0weight\0" + self.weight.astype("<f8").tobytes())
        for name, column in self.frame.items():
            sha.update(f"\0{name}\0".encode())
            if pd.api.types.is_numeric_dtype(column.dtype):
                sha.update(column.to_numpy(dtype="<f8").tobytes())
            else:
                codes, values = pd.factorize(column)
                # A null has the code −1, which takes the last text.
                texts = [f"={v}" if isinstance(v, str) else "" for v in values] + [""]
                sha.update("\0".join(texts[code] for code in codes.tolist()).encode())
        return sha.hexdigest()[:32]


@dataclass(frozen=True)
class Dataset:
    """The three splits of a prepared data set.

    Attributes
    ----------
    spec : DatasetSpec
        The spec, with the digest of each split.
    splits : mapping of str to Rows
        The rows of `train`, `validation` and `test`.
    n_dropped : int
        The number of rows that were dropped because the target or a feature is null.
    notes : tuple of str
        What reading and typing the rows decided, one plain sentence each. Every entry point prints
        them first, and the run keeps them.
    """

    spec: DatasetSpec
    splits: Mapping[str, Rows]
    n_dropped: int
    notes: tuple[str, ...] = ()


def prepare(spec: DatasetSpec, raw: pd.DataFrame | None = None) -> Dataset:
    """Read, type, filter and split the rows of a spec.

    Parameters
    ----------
    spec : DatasetSpec
        The spec of the data set.
    raw : pandas.DataFrame, optional
        The raw rows. By default they are read from the spec's source.

    Returns
    -------
    Dataset
        Three splits, stratified by the label and by the group of the first protected column. The
        same rows, spec and seed give the same splits.

    Raises
    ------
    RequestError
        If the rows do not fit the spec, or their digests differ from the digests in the spec.
    """
    raw = load_source(spec.source) if raw is None else raw
    rows, n_dropped = prepare_rows(raw, spec)
    spec = replace(spec, protected=tuple(name_groups(rows.frame, p) for p in spec.protected))
    groups = group_lookup(rows.frame, spec.protected[0]).groups(rows.frame)
    check_groups(groups, spec.protected[0])
    check_features(rows.frame, spec)
    strata = rows.label * 3 + groups
    places = _split(strata, spec.splits)
    splits = {name: rows.take(places[name]) for name in SPLIT_NAMES}
    digests = {name: split.digest() for name, split in splits.items()}
    if spec.digests and dict(spec.digests) != digests:
        raise RequestError(
            f"the rows of {spec.source} have changed since they were used before (their digests "
            "differ); restore the earlier version of the data, or preprocess and train again"
        )
    notes = () if rows.weight is None else (weights_note(str(spec.weight), rows.weight),)
    return Dataset(spec.with_digests(digests), splits, n_dropped, notes)


def prepare_rows(raw: pd.DataFrame, spec: DatasetSpec) -> tuple[Rows, int]:
    """Convert the columns to their types, and drop rows with missing values if the spec says so.

    Parameters
    ----------
    raw : pandas.DataFrame
        Raw rows with at least the target, the protected columns, the changeable columns and one
        feature.
    spec : DatasetSpec
        The spec, which gives the role and the type of each column.

    Returns
    -------
    rows : Rows
        The typed rows. A row without a target value is always dropped.
    n_dropped : int
        The number of rows that were dropped.

    Raises
    ------
    RequestError
        If a column is missing, a weight is not a number of at least 0, a feature has no value in
        any row, no row is left, a value is not a number in a column of numbers, or the target does
        not have two values of which one is `positive`.
    """
    of_weight = () if spec.weight is None else (spec.weight,)
    needed = (spec.target, *(p.column for p in spec.protected), *spec.changeable, *of_weight)
    missing = [name for name in needed if name not in raw.columns]
    if missing:
        raise RequestError(
            f"the data has no columns {missing}; it has {', '.join(map(str, raw.columns))}"
        )
    features = [name for name in raw.columns if name not in spec.not_features]
    if not features:
        raise RequestError(
            "every column is the target, protected or dropped, so there is no feature; "
            "drop fewer columns, or give data with more columns"
        )
    empty = [str(name) for name in features if raw[name].isna().all()]
    if empty:
        raise RequestError(
            f"no row has a value in {empty}; drop these columns with drop={','.join(empty)}"
        )
    keep = raw[spec.target].notna()
    if spec.missing == "drop":
        keep &= raw[features].notna().all(axis=1)
    if not keep.any():
        raise RequestError("every row has a missing value; give missing=keep, or drop columns")
    kept = raw[keep].reset_index(drop=True)
    types = dict(spec.types)
    columns = {name: _typed(kept[name], types.get(name)) for name in features}
    columns |= {p.column: _typed(kept[p.column], types.get(p.column)) for p in spec.protected}
    weight = None if spec.weight is None else read_weights(kept[spec.weight])
    rows = Rows(pd.DataFrame(columns), _label(kept[spec.target], spec), weight)
    return rows, int((~keep).sum())


def _typed(column: pd.Series, kind: str | None) -> pd.Series:
    if kind == "number" or (pd.api.types.is_numeric_dtype(column.dtype) and kind is None):
        try:
            return pd.to_numeric(column).astype(np.float64)
        except (ValueError, TypeError) as error:
            raise RequestError(
                f"column {column.name!r} has the type number, but holds a value that is not a "
                "number; correct the data, or give the type category"
            ) from error
    # The dtype object makes a table look the same, whichever string dtype its reader chose.
    return pd.Series(_texts(column), dtype=object, name=column.name)


def _texts(column: pd.Series) -> NDArray[np.object_]:
    """Return each value as text in the form that parameters use; None for a null."""
    if column.dtype == object:
        # `factorize` would merge True and 1, which are equal but have different texts.
        null = column.isna()
        texts = [None if n else value_text(v) for v, n in zip(column, null, strict=True)]
        return np.array(texts, dtype=object)
    codes, values = pd.factorize(column)
    # A null has the code −1, which takes the last text.
    return np.array([*map(value_text, values.tolist()), None], dtype=object)[codes]


def _label(target: pd.Series, spec: DatasetSpec) -> NDArray[np.int64]:
    texts = _texts(target)
    values = sorted(set(texts))
    shown = f"{', '.join(values[:5])}{', …' if len(values) > 5 else ''}"
    if len(values) != 2:
        raise RequestError(
            f"the target {spec.target!r} has {len(values)} values ({shown}); "
            "give a target with two values"
        )
    if spec.positive not in values:
        raise RequestError(
            f"positive={spec.positive!r} is not a value of {spec.target!r} ({shown}); "
            "give the favourable value as positive"
        )
    return np.asarray(texts == spec.positive, dtype=np.int64)


def _split(strata: NDArray[np.int64], splits: Splits) -> dict[str, NDArray[np.intp]]:
    rng = np.random.default_rng(splits.seed)
    parts: dict[str, list[NDArray[np.intp]]] = {name: [] for name in SPLIT_NAMES}
    for stratum in np.unique(strata):
        rows = rng.permutation(np.flatnonzero(strata == stratum))
        n_test = round(len(rows) * splits.test)
        n_validation = round(len(rows) * splits.validation)
        test, validation, train = np.split(rows, [n_test, n_test + n_validation])
        for name, part in zip(SPLIT_NAMES, (train, validation, test), strict=True):
            parts[name].append(part)
    return {name: np.sort(np.concatenate(part)) for name, part in parts.items()}


def label_group_counts(dataset: Dataset) -> pd.DataFrame:
    """Count the rows of each label and group in each split.

    Parameters
    ----------
    dataset : Dataset
        The splits.

    Returns
    -------
    pandas.DataFrame
        One row for each split, each group of the first protected column (group_a, group_b and
        neither) and each label, with the columns `split`, `group`, `label` (text), `count` and
        `share` (of the split).
    """
    spec = dataset.spec
    names = group_table_names(spec.protected[0])
    lookup = group_lookup(dataset.splits["train"].frame, spec.protected[0])
    labels = (f"not {spec.positive}", spec.positive)
    records = []
    for split, rows in dataset.splits.items():
        groups = lookup.groups(rows.frame)
        for code, group in zip((0, 1, -1), names, strict=True):
            for value, label in enumerate(labels):
                count = int(np.sum((groups == code) & (rows.label == value)))
                records.append((split, group, label, count, count / max(len(rows), 1)))
    return pd.DataFrame(records, columns=["split", "group", "label", "count", "share"])
