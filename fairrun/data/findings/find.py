"""The check of a data set: every finding about a table and its roles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.data.findings.candidates import candidates
from fairrun.data.findings.coded import CodedColumn, code_columns
from fairrun.data.findings.finding import KINDS, Finding, Findings
from fairrun.data.findings.grouped import (
    Grouped,
    group_rows,
    label_shares,
    small_groups,
    uneven_nulls,
)
from fairrun.data.findings.labels import leaks, proxies, row_order
from fairrun.data.findings.looks import look_at, null_words
from fairrun.data.findings.repeats import repeated_columns, repeated_rows, two_spellings
from fairrun.data.findings.roles import Roles
from fairrun.data.prepare import Dataset
from fairrun.data.typed import TypedTable
from fairrun.errors import RequestError
from fairrun.groups import label_of, value_text
from fairrun.text import NAMED_FROM, did_you_mean, listed_names, listed_values, shortened

__all__ = ["find", "find_in"]

Labels = NDArray[np.int64]

#: A leak or a copy says all that a look at the column's values would say.
_STRONGER = ("leak", "copy of protected")


def find(table: TypedTable, roles: Roles, *, in_file_order: bool = True) -> Findings:
    """Return what a user should know about a table before a model is trained.

    Parameters
    ----------
    table : TypedTable
        All rows and columns, in the order of the file.
    roles : Roles
        The roles that are known. Without a target there are no findings about labels, and without
        protected columns there are none about groups.
    in_file_order : bool, default True
        Whether the order of the rows is that of a file, so that it may have a meaning.

    Returns
    -------
    Findings

    Raises
    ------
    RequestError
        If a role names a column or a value that is not in the table.

    Examples
    --------
    >>> import numpy as np
    >>> frame = pd.DataFrame({
    ...     "row": np.arange(100.0), "age": np.tile(np.arange(20.0, 45), 4),
    ...     "sex": ["m", "f"] * 50, "paid": ["yes"] * 50 + ["no"] * 50,
    ... })
    >>> kinds = {"row": "number", "age": "number", "sex": "category", "paid": "category"}
    >>> found = find(TypedTable(frame, kinds, {}), Roles("paid", "yes"))
    >>> found.findings[0].sentence
    'row is a row number, and the file is sorted by paid (AUC 1.000)'
    """
    _check_names(table, roles)
    columns = code_columns(table.frame, table.kinds)
    groups = group_rows(table.frame, roles.protected)
    labels, about_target = _labels(columns, roles)
    found = [*about_target, *_find(columns, groups, labels, roles)]
    if in_file_order and labels is not None:
        found += row_order(labels, str(roles.target))
    as_text = {name for f in found if f.kind == "number as text" for name in f.columns}
    found.sort(key=lambda each: KINDS.index(each.kind))
    return Findings(
        columns=_column_table(columns, roles, groups, found),
        findings=tuple(found),
        labels=label_shares(
            {} if labels is None else groups, labels if labels is not None else _NO
        ),
        n_rows=len(table.frame),
        # A finding says the same with a way out.
        notes=tuple(note for note in table.notes if note.partition(":")[0] not in as_text),
    )


_NO: Labels = np.zeros(0, dtype=np.int64)


def find_in(dataset: Dataset) -> Findings:
    """Return what a user should know about the training rows of a data set.

    Only the features, the protected columns and the label are left in the splits. So there is
    nothing about columns that were dropped.

    Examples
    --------
    >>> from fairrun.data import DataRequest, prepare, resolve_spec
    >>> found = find_in(prepare(resolve_spec(DataRequest("census"))))
    >>> [each.kind for each in found.warnings]
    ['proxy']
    """
    spec, rows = dataset.spec, dataset.splits["train"]
    frame = rows.frame.assign(**{spec.target: rows.label.astype(np.float64)})
    kinds = {
        str(name): "number" if pd.api.types.is_numeric_dtype(column.dtype) else "category"
        for name, column in frame.items()
    }
    roles = Roles.of(spec)
    known = tuple(name for name in roles.drop if name in frame)
    weight = roles.weight if roles.weight in frame else None
    share = spec.splits.test / (1 - spec.splits.test - spec.splits.validation)
    of_training = Roles(
        *(spec.target, "1", spec.protected, known, weight),
        missing=spec.missing,
        as_categories=roles.as_categories,
        test_share=share,
    )
    return find(TypedTable(frame, kinds, {}, dataset.notes), of_training, in_file_order=False)


def _find(
    columns: Mapping[str, CodedColumn],
    groups: Mapping[str, Grouped],
    labels: Labels | None,
    roles: Roles,
) -> Iterator[Finding]:
    features = [columns[name] for name in roles.features(columns)]
    protected = [columns[name] for name in groups]
    strong: list[Finding] = []
    if labels is not None and roles.target is not None:
        strong += leaks(features, labels, roles.target)
    pairs = {name: (each.codes, each.names[:2]) for name, each in groups.items()}
    telling = list(proxies(features, pairs))
    strong += [each for each in telling if each.kind == "copy of protected"]
    yield from (each for each in telling if each.kind == "proxy")
    yield from strong
    said = {name for each in strong if each.kind in _STRONGER for name in each.columns}
    has_points = any(column.is_number and not column.is_whole for column in features)
    for column in features:
        as_category = column.name in roles.as_categories
        looks = look_at(column, as_category=as_category, has_points=has_points)
        if looks is not None and column.name not in said:
            said.add(column.name)
            yield looks
    rest = [column for column in features if column.name not in said]
    yield from repeated_columns([*protected, *rest])
    together = {
        each.column: [{item.text for item in side} for side in each.items]
        for each in roles.protected
    }
    yield from repeated_rows([*protected, *features], labels)
    for name, column in columns.items():
        role = roles.role(name)
        if role not in ("dropped", "weight", "cluster") and name not in said:
            yield from two_spellings(column, role, together.get(name, ()))
    yield from null_words(rest)
    yield from small_groups(groups, columns, labels, roles.test_share)
    yield from uneven_nulls(features, groups, roles.missing)
    free = [column for column in features if column.name not in said]
    yield from candidates(free, target=roles.target is None, protected=not roles.protected)


def _labels(
    columns: Mapping[str, CodedColumn], roles: Roles
) -> tuple[Labels | None, list[Finding]]:
    """Return the label of each row, −1 where the target is null; None if it has not two values."""
    if roles.target is None:
        return None, []
    column = columns[roles.target]
    texts = [value_text(value) for value in column.values.tolist()]
    if len(texts) != 2:
        often = [text for text, n in zip(texts, column.counts, strict=True) if n >= NAMED_FROM]
        named = ", ".join(shortened(text) for text in often[:5])
        shown = f" ({named}{', …' if len(texts) > len(often[:5]) else ''})" if often else ""
        sentence = f"the target {roles.target} has {len(texts)} values{shown}"
        way_out = "give a target with two values"
        return None, [Finding("target", (roles.target,), sentence, way_out)]
    positive = max(texts) if roles.positive is None else roles.positive
    favourable = label_of(texts, positive)
    if favourable is None:
        counts = dict(zip(texts, column.counts.tolist(), strict=True))
        raise RequestError(
            f"positive={positive!r} is not a value of {roles.target!r} ({listed_values(counts)}); "
            "give the favourable value as positive"
        )
    of_code = np.array([text == favourable for text in texts] + [-1], dtype=np.int64)
    return of_code[column.codes], []


def _check_names(table: TypedTable, roles: Roles) -> None:
    """Raise RequestError for a role of a column that is not in the table."""
    known = [str(name) for name in table.frame.columns]
    given = {"target": [roles.target], "drop": roles.drop, "weight": [roles.weight]}
    given["cluster"] = [roles.cluster]
    given["protected"] = [each.column for each in roles.protected]
    for parameter, names in given.items():
        for name in names:
            if name is not None and name not in known:
                listed = f"the columns are {listed_names(known)}"
                raise RequestError(
                    f"{parameter}={name} is not a column of the data; "
                    f"{did_you_mean(name, known, listed)}"
                )


def _column_table(
    columns: Mapping[str, CodedColumn],
    roles: Roles,
    groups: Mapping[str, Grouped],
    findings: list[Finding],
) -> pd.DataFrame:
    notes: dict[str, list[str]] = {name: [] for name in columns}
    for each in findings:
        for name in each.columns[: 1 if each.kind == "repeated column" else None]:
            if each.kind not in ("candidates", "row order"):
                notes[name].append(each.kind)
    masks = [rows for _, rows in list(next(iter(groups.values())).masks())[:2]] if groups else []
    records = []
    for name, column in columns.items():
        null = column.codes < 0
        of_groups = [float(null[rows].mean()) if rows.any() else float("nan") for rows in masks]
        a, b = of_groups or [float("nan")] * 2
        record = (name, column.kind, roles.role(name), column.n_distinct, column.n_null, a, b)
        records.append((*record, ", ".join(dict.fromkeys(notes[name]))))
    heads = ["column", "type", "role", "distinct", "missing"]
    heads += ["missing in group_a", "missing in group_b", "note"]
    return pd.DataFrame(records, columns=heads)
