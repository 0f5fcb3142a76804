"""From raw rows to typed features, a label of 0 and 1, and three reproducible splits."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.data.checks import check_features, check_groups, notes_on_spelling
from fairrun.data.clusters import clusters_note, deal_clusters, read_clusters
from fairrun.data.reading1 import read_rows_1
from fairrun.data.selecting import check_distinct, check_names, drop_uninformative, rows_to_keep
from fairrun.data.source_table import SourceTable
from fairrun.data.sources import load_source
from fairrun.data.spec import DatasetSpec, Splits
from fairrun.data.typed import type_columns
from fairrun.data.weights import read_weights, relative_weights, weights_note
from fairrun.errors import RequestError
from fairrun.groups import (
    group_lookup,
    group_table_names,
    label_of,
    name_groups,
    spellings,
    value_text,
)
from fairrun.text import NAMED_FROM, did_you_mean, listed_names, listed_values

__all__ = [
    "SPLIT_NAMES",
    "Dataset",
    "PreparedRows",
    "Rows",
    "label_group_counts",
    "prepare",
    "prepare_rows",
    "split_rows",
]

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
    cluster : ndarray of int64, shape (n_rows,), or None
        The number of each row's cluster, such as its household; None without a cluster column. It
        is never a feature.
    """

    frame: pd.DataFrame
    label: NDArray[np.int64]
    weight: NDArray[np.float64] | None = None
    cluster: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.frame)

    def take(self, positions: NDArray[np.intp]) -> Rows:
        """Return the rows at these positions."""
        weight = None if self.weight is None else self.weight[positions]
        cluster = None if self.cluster is None else self.cluster[positions]
        frame = self.frame.iloc[positions].reset_index(drop=True)
        return Rows(frame, self.label[positions], weight, cluster)

    @property
    def sample_weight(self) -> NDArray[np.float64] | None:
        """The weights for a fit, with mean 1; see `relative_weights`."""
        return None if self.weight is None else relative_weights(self.weight)

    def digest(self) -> str:
        """Return SHA-256 of column names, values, labels, weights and clusters as 32 hex digits.

        Rows without weights or clusters have the digest that they had before these existed.
        """
        sha = hashlib.sha256(self.label.astype("<i8").tobytes())
        if self.weight is not None:
            sha.update(b"\0\0weight\0" + self.weight.astype("<f8").tobytes())
        if self.cluster is not None:
            sha.update(b"\0\0cluster\0" + self.cluster.astype("<i8").tobytes())
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

    def split_digest(self, protected: str) -> str:
        """Return a digest that is the same whichever columns or weights a model takes.

        Only the labels and one protected column count, because a split is stratified by them. Two
        models with other features were measured on the same people, and wear out the same rows.

        Parameters
        ----------
        protected : str
            The first protected column of the spec.
        """
        return Rows(self.frame[[protected]], self.label).digest()


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


def prepare(spec: DatasetSpec, raw: SourceTable | pd.DataFrame | None = None) -> Dataset:
    """Read, type, filter and split the rows of a spec.

    Parameters
    ----------
    spec : DatasetSpec
        The spec of the data set.
    raw : SourceTable or pandas.DataFrame, optional
        The rows. By default they are read from the spec's source.

    Returns
    -------
    Dataset
        Three splits, stratified by the label and by the group of the first protected column. Rows
        of one cluster are in the same split. The same rows, spec and seed give the same splits. Its
        spec has the type of each feature and protected column in `types`, and names features
        without information in `drop`, so that other rows can be read in the same way.

    Raises
    ------
    RequestError
        If the rows do not fit the spec, or their digests differ from the digests in the spec.
    """
    raw = load_source(spec.source, spec.read, reading=spec.reading) if raw is None else raw
    return split_rows(prepare_rows(raw, spec))


def split_rows(prepared: PreparedRows) -> Dataset:
    """Split typed rows, stratified by the label and by the group of the first protected column.

    Parameters
    ----------
    prepared : PreparedRows
        The rows and their spec.

    Returns
    -------
    Dataset
        As `prepare` returns it.

    Raises
    ------
    RequestError
        If a group has too few rows, or the digests differ from the digests in the spec.
    """
    rows, spec = prepared.rows, prepared.spec
    spec = replace(spec, protected=tuple(name_groups(rows.frame, p) for p in spec.protected))
    groups = group_lookup(rows.frame, spec.protected[0]).groups(rows.frame)
    check_groups(groups, spec.protected[0])
    if spec.reading == 1:
        check_features(rows.frame, spec)
    strata = rows.label * 3 + groups
    places = _split(strata, spec.splits, rows.cluster)
    splits = {name: rows.take(places[name]) for name in SPLIT_NAMES}
    digests = {name: split.digest() for name, split in splits.items()}
    if spec.digests and dict(spec.digests) != digests:
        raise RequestError(
            f"the rows of {spec.source} have changed since they were used before (their digests "
            "differ); restore the earlier version of the data, or preprocess and train again"
        )
    notes = (
        *prepared.notes,
        *(note for each in spec.protected for note in notes_on_spelling(rows.frame, each)),
    )
    return Dataset(spec.with_digests(digests), splits, prepared.n_dropped, notes)


@dataclass(frozen=True)
class PreparedRows:
    """Typed rows before they are split.

    Attributes
    ----------
    rows : Rows
        The rows.
    spec : DatasetSpec
        The spec with the type of each feature and protected column in `types`.
    n_dropped : int
        The number of rows that were dropped because of nulls.
    notes : tuple of str
        What was decided, one plain sentence each.
    """

    rows: Rows
    spec: DatasetSpec
    n_dropped: int
    notes: tuple[str, ...] = ()


def prepare_rows(
    raw: SourceTable | pd.DataFrame, spec: DatasetSpec, *, of_model: bool = False
) -> PreparedRows:
    """Convert the columns to their types, and drop rows with nulls if the spec says so.

    Parameters
    ----------
    raw : SourceTable or pandas.DataFrame
        The rows with at least the target, the protected columns and one feature.
    spec : DatasetSpec
        The spec, which gives the role of each column.
    of_model : bool
        Whether the rows are for a model that was trained before, whose spec this is. Then its
        features are the columns in `spec.types`, and other columns are ignored.

    Returns
    -------
    PreparedRows
        A row without a target value is always dropped.

    Raises
    ------
    RequestError
        If the spec names a column that is not in the data, no feature or row is left, too many
        rows would be dropped, a weight is not a number of at least 0, a type cannot be decided, or
        the target does not have two values of which one is `positive`.
    """
    table = raw if isinstance(raw, SourceTable) else SourceTable(raw)
    columns = [str(name) for name in table.frame.columns]
    check_distinct(columns)
    if spec.reading == 1:
        frame, target, n_dropped = read_rows_1(table.frame, spec)
        n_rows = f"{n_dropped:,} of {n_dropped + len(frame):,}"
        said = (f"dropped {n_rows} rows because of nulls",) if n_dropped else ()
        return PreparedRows(Rows(frame, _label(pd.Series(target), spec)), spec, n_dropped, said)
    if of_model:
        table, spec = _of_model(table, spec)
    else:
        check_names(columns, spec)
    if not table.written and not of_model:
        # Only the cells of a written table were stripped, so the model does not strip them either.
        spec = replace(spec, read=replace(spec.read, strip=False))
    typed = type_columns(table, spec, advise=not of_model)
    notes = list(typed.notes)
    _label(typed.frame[spec.target].dropna(), spec)  # so that a wrong target is refused first
    if not of_model:
        spec, unused = drop_uninformative(typed.frame, spec)
        notes += unused
    features = [name for name in typed.frame.columns if name not in spec.not_features]
    keep, dropped = rows_to_keep(typed.frame, features, spec, of_model=of_model)
    kept = typed.frame[keep].reset_index(drop=True)
    if not of_model:
        # A column may have one value only in the rows that are left.
        spec, unused = drop_uninformative(kept, spec)
        notes += unused
        features = [name for name in features if name not in spec.not_features]
    protected = [each.column for each in spec.protected]
    kinds = {name: typed.kinds[name] for name in (*features, *protected)}
    spec = replace(spec, types=tuple(sorted((dict(spec.types) | kinds).items())))
    weight = None if spec.weight is None else read_weights(kept[spec.weight])
    if weight is not None:
        dropped.append(weights_note(str(spec.weight), weight))
    cluster = None if spec.cluster is None else read_clusters(kept[spec.cluster])
    if cluster is not None:
        dropped.append(clusters_note(str(spec.cluster), kept[spec.cluster], cluster))
    return PreparedRows(
        Rows(kept[[*features, *protected]], _label(kept[spec.target], spec), weight, cluster),
        spec,
        int((~keep).sum()),
        (*notes, *dropped),
    )


def _of_model(table: SourceTable, spec: DatasetSpec) -> tuple[SourceTable, DatasetSpec]:
    """Return the columns of a table that a model was trained with, and its spec for these."""
    columns = [str(name) for name in table.frame.columns]
    types = tuple((name, kind) for name, kind in spec.types if name not in spec.drop)
    # A spec that `prepare` did not return has no types of features; then every column is one.
    is_prepared = any(name not in spec.not_features for name, _ in types)
    features = [name for name, _ in types] if is_prepared else columns
    features = [name for name in features if name not in spec.drop]
    spec = replace(spec, drop=(), types=types)
    wanted = [*features, *spec.not_features]
    missing = [name for name in dict.fromkeys(wanted) if name not in columns]
    if missing:
        nearest = did_you_mean(missing[0], columns, f"its columns are {listed_names(columns)}")
        raise RequestError(
            f"the data has no column {listed_names(missing)}, which the model was trained with; "
            f"{nearest}"
        )
    frame = table.frame[[name for name in table.frame.columns if name in wanted]]
    return replace(table, frame=frame), spec


def _label(target: pd.Series, spec: DatasetSpec) -> NDArray[np.int64]:
    """Return the label of each row: 1 where the target has the favourable value."""
    texts = np.array([value_text(value) for value in target.tolist()], dtype=object)
    found, numbers = np.unique(texts.astype(str), return_counts=True)
    counts = dict(zip(found.tolist(), numbers.tolist(), strict=True))
    values = [*counts]
    if len(values) != 2:
        nulls = ", or name values that mean a null in na_values" if len(values) > 2 else ""
        often = [value for value in values if counts[value] >= NAMED_FROM]
        for alike in spellings(often)[:1]:
            nulls = f"; {listed_names(sorted(alike))} differ only in spelling, so write them alike"
        raise RequestError(
            f"the target {spec.target!r} has {len(values)} value{'s'[: len(values) != 1]}; "
            f"give a target with two values, of which positive names the favourable one{nulls}"
        )
    positive = label_of(values, spec.positive)
    if positive is None:
        often = [value for value in values if counts[value] >= NAMED_FROM]
        nearest = did_you_mean(spec.positive, often, "give the favourable value as positive")
        raise RequestError(
            f"positive={spec.positive!r} is not a value of {spec.target!r} "
            f"({listed_values(counts)}); {nearest}"
        )
    return np.asarray(texts == positive, dtype=np.int64)


def _split(
    strata: NDArray[np.int64], splits: Splits, cluster: NDArray[np.int64] | None = None
) -> dict[str, NDArray[np.intp]]:
    if cluster is not None:
        shares = (1 - splits.validation - splits.test, splits.validation, splits.test)
        part = deal_clusters(strata, cluster, shares, splits.seed)
        return {name: np.flatnonzero(part == i) for i, name in enumerate(SPLIT_NAMES)}
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
        One row for each protected column, each split, each of its groups (group_a, group_b and
        neither) and each label, with the columns `protected`, `split`, `group`, `label` (text),
        `count` and `share` (of the split).
    """
    spec = dataset.spec
    labels = (f"not {spec.positive}", spec.positive)
    records = []
    for protected in spec.protected:
        lookup = group_lookup(dataset.splits["train"].frame, protected)
        for split, rows in dataset.splits.items():
            groups = lookup.groups(rows.frame)
            for code, group in zip((0, 1, -1), group_table_names(protected), strict=True):
                for value, label in enumerate(labels):
                    count = int(np.sum((groups == code) & (rows.label == value)))
                    share = count / max(len(rows), 1)
                    records.append((protected.column, split, group, label, count, share))
    columns = ["protected", "split", "group", "label", "count", "share"]
    return pd.DataFrame(records, columns=columns)
