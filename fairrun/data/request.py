"""Requests for data, and the dataset specs to which they are resolved."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fairrun.data.addresses import refuse_secrets
from fairrun.data.read_options import ReadOptions
from fairrun.data.spec import DatasetSpec, Missing, Splits
from fairrun.documents import is_yaml, read_yaml
from fairrun.errors import RequestError
from fairrun.groups import Protected
from fairrun.text import n_of

__all__ = ["KNOWN_DATASETS", "DataRequest", "resolve_spec"]

_ADULT = DatasetSpec(
    name="adult",
    source="adult",
    target="class",
    positive=">50K",
    protected=(Protected("sex", "Male", "Female"), Protected("race", "White")),
    drop=("education-num",),  # repeats education
    # Of work and schooling alone; see docs/data.md.
    changeable=("hours-per-week", "workclass", "occupation", "education"),
)

#: The data sets that are known by name.
KNOWN_DATASETS = {
    "census": replace(_ADULT, name="census", source="census"),
    "adult": _ADULT,
}


@dataclass(frozen=True)
class DataRequest:
    """The user's parameters about the data; None stands for a parameter that was not given.

    Attributes
    ----------
    data : str
        `census`, `adult`, a path or URI of a CSV or Parquet file, a YAML spec, or the run id or
        artifact URI of an earlier `preprocess`.
    target, positive : str or None
        The target column and its favourable value.
    protected, privileged : sequence of str or None
        The protected columns, and the privileged group of each, group_a; see
        `fairrun.groups.Protected`.
    unprivileged : sequence of str or None
        The unprivileged group of each protected column, group_b. `rest` stands for all other
        values. None stands for `rest` in every column.
    drop : sequence of str or None
        The columns that are not features.
    changeable : sequence of str or None
        The features that a person can change.
    missing : {"drop", "keep"} or None
        Whether rows with a missing feature are dropped, or kept and imputed.
    types, max_dropped, na_values, weight, cluster, sensitive, read
        See `DatasetSpec`.
    splits : Splits, mapping or None
        The sizes of the splits and the seed of the shuffle. A mapping with some of the fields of
        `Splits` replaces only these.

    Raises
    ------
    RequestError
        If `data` is a URL with a password.
    """

    data: str = "census"
    target: str | None = None
    positive: str | None = None
    protected: Sequence[str] | None = None
    privileged: Sequence[str] | None = None
    unprivileged: Sequence[str] | None = None
    drop: Sequence[str] | None = None
    changeable: Sequence[str] | None = None
    types: Mapping[str, str] | None = None
    missing: Missing | None = None
    max_dropped: float | None = None
    na_values: Sequence[str] | None = None
    weight: str | None = None
    cluster: str | None = None
    sensitive: bool | None = None
    read: ReadOptions | None = None
    splits: Splits | Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        # Here, because the value is printed before the data are read.
        refuse_secrets(self.data)


def resolve_spec(request: DataRequest, base: DatasetSpec | None = None) -> DatasetSpec:
    """Return the dataset spec for a request, without reading a row.

    A parameter that is given replaces the same part of a known data set or of a YAML spec. A
    protected column that is given moves to the front, and the other protected columns stay
    protected. A column that is given as the target, protected or dropped is no longer changeable.

    Parameters
    ----------
    request : DataRequest
        The user's parameters.
    base : DatasetSpec, optional
        The spec that the parameters change. By default, `request.data` names it.

    Returns
    -------
    DatasetSpec
        The spec. This function does not look up the data set of a run; see `is_preprocessed`.

    Raises
    ------
    RequestError
        If a required parameter is missing, two parameters contradict each other, or a YAML spec
        cannot be read.

    Examples
    --------
    >>> resolve_spec(DataRequest("adult", protected=["race"], privileged=["White"])).protected[0]
    Protected(column='race', privileged='White', unprivileged=None)
    """
    protected = _protected(request)
    if base is not None:
        spec = base
    elif request.data in KNOWN_DATASETS:
        spec = KNOWN_DATASETS[request.data]
    elif is_yaml(request.data):
        spec = _read_yaml(Path(request.data))
    else:
        return _from_scratch(request, protected)
    named = {entry.column for entry in protected}
    others = tuple(entry for entry in spec.protected if entry.column not in named)
    target = request.target or spec.target
    drop = spec.drop if request.drop is None else tuple(request.drop)
    if request.changeable is None:
        taken = {target, *named, *drop}
        changeable = tuple(column for column in spec.changeable if column not in taken)
    else:
        changeable = tuple(request.changeable)
    return replace(
        spec,
        target=target,
        positive=request.positive or spec.positive,
        protected=protected + others,
        drop=drop,
        changeable=changeable,
        missing=request.missing or spec.missing,
        splits=_splits(request, spec.splits),
        types=spec.types if request.types is None else tuple(sorted(request.types.items())),
        max_dropped=spec.max_dropped if request.max_dropped is None else request.max_dropped,
        na_values=spec.na_values if request.na_values is None else tuple(request.na_values),
        weight=request.weight or spec.weight,
        cluster=request.cluster or spec.cluster,
        sensitive=spec.sensitive if request.sensitive is None else request.sensitive,
        read=request.read or spec.read,
    )


def is_preprocessed(data: str) -> bool:
    """Return whether `data` names a run, whose data set is meant.

    This is a run id, ``runs:/<run id>``, or the folder of splits of a `preprocess` run,
    ``runs:/<run id>/data``. Another URI of a run, such as ``runs:/<run id>/people.csv``, is a file.

    Examples
    --------
    >>> is_preprocessed("census"), is_preprocessed("0123456789abcdef0123456789abcdef")
    (False, True)
    """
    return re.fullmatch("(runs:/)?[0-9a-f]{32}|runs:/[^/]+(/data)?/?", data) is not None


def _protected(request: DataRequest) -> tuple[Protected, ...]:
    columns, values = request.protected or (), request.privileged or ()
    others = request.unprivileged or ["rest"] * len(columns)
    if not len(columns) == len(values) == len(others):
        given = [n_of(len(columns), "protected column"), n_of(len(values), "privileged group")]
        if request.unprivileged:
            given.append(n_of(len(others), "unprivileged group"))
        *first, last = given
        raise RequestError(
            f"{', '.join(first)} and {last} were given; give one group for each column, in the "
            "same order, separated by commas (unprivileged may be rest)"
        )
    return tuple(
        Protected(column, value, other)
        for column, value, other in zip(columns, values, others, strict=True)
    )


def _splits(request: DataRequest, otherwise: Splits) -> Splits:
    if isinstance(request.splits, Splits):
        return request.splits
    return replace(otherwise, **(request.splits or {}))  # type: ignore[arg-type]


def _from_scratch(request: DataRequest, protected: tuple[Protected, ...]) -> DatasetSpec:
    said = {"target": request.target, "positive": request.positive, "protected": protected}
    unsaid = [name for name, value in said.items() if not value]
    if request.target is None or request.positive is None or not protected:
        raise RequestError(
            f"data={request.data} needs {', '.join(unsaid)} as well "
            f"(and privileged with protected); or give {', '.join(KNOWN_DATASETS)} "
            "or a YAML spec as data"
        )
    return DatasetSpec(
        name=re.sub(r"\W+", "_", Path(request.data).stem) or "data",
        source=request.data,
        target=request.target,
        positive=request.positive,
        protected=protected,
        drop=tuple(request.drop or ()),
        changeable=tuple(request.changeable or ()),
        types=tuple(sorted((request.types or {}).items())),
        missing=request.missing or "drop",
        max_dropped=0.2 if request.max_dropped is None else request.max_dropped,
        na_values=tuple(request.na_values or ()),
        weight=request.weight,
        cluster=request.cluster,
        sensitive=bool(request.sensitive),
        read=request.read or ReadOptions(),
        splits=_splits(request, Splits()),
    )


def _read_yaml(path: Path) -> DatasetSpec:
    saved = read_yaml(str(path), "data")
    try:
        spec = DatasetSpec.from_dict(
            {"name": path.stem} | saved if isinstance(saved, dict) else saved
        )
    except RequestError as error:
        raise RequestError(f"{path}: {error}") from error
    if spec.source in KNOWN_DATASETS or re.match(r"[a-z][a-z0-9+.-]+:", spec.source):
        return spec
    # A spec travels with its table: a relative source is read from beside it.
    return replace(spec, source=str(path.parent / spec.source))
