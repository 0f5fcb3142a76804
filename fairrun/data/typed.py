"""The type of each column: numbers or categories."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from fairrun.data.cells import Cells, Decision, decide, rows_from_1
from fairrun.data.source_table import SourceTable
from fairrun.data.spec import DatasetSpec
from fairrun.errors import RequestError
from fairrun.groups import has_large_integers, value_text

__all__ = ["TypedTable", "type_columns"]

_NUMBERS = (int, float, np.number, np.bool_, decimal.Decimal)
_TRUTHS = (bool, np.bool_)

#: The number of columns that one note names.
_NAMED = 8


@dataclass(frozen=True)
class TypedTable:
    """All rows and all columns of a source, with the type of each column decided.

    Attributes
    ----------
    frame : pandas.DataFrame
        The rows. Numbers are float64 with NaN for a null; text has the dtype object with None for a
        null. The target, the protected and the dropped columns are in it, too.
    kinds : mapping of str to {"number", "category", "other"}
        The type of each column. "other" is for values that are neither numbers nor text, such as
        dates. Only the target and dropped columns may have it.
    nulls : mapping of str to int
        The number of nulls of each column that has any.
    notes : tuple of str
        What was decided, one plain sentence each.
    """

    frame: pd.DataFrame
    kinds: Mapping[str, str]
    nulls: Mapping[str, int]
    notes: tuple[str, ...] = ()


@dataclass
class _Faults:
    """The columns whose type cannot be decided, and what the user can do about them."""

    said: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    null_texts: dict[str, None] = field(default_factory=dict)
    readings: list[tuple[str, ...]] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    def add(self, name: str, decision: Decision) -> None:
        self.said.append(f"{name}: {decision.fault}")
        self.columns.append(name)
        self.null_texts |= dict.fromkeys(decision.wrong)
        self.readings.append(decision.readings)

    def lines(self, spec: DatasetSpec, *, advise: bool) -> list[str]:
        """Return the message, a line for each kind of fault."""
        lines = []
        if self.said:
            said = "; ".join(self.said)
            # A weight is always a number, so no type and no null is a way out.
            advise = advise and spec.weight not in self.columns
            lines.append(f"{said}; {self._advice(spec) if advise else 'correct these cells'}")
        if self.others:
            names = ", ".join(self.others)
            drop = _joined([*spec.drop, *self.others])
            lines.append(
                f"{names}: the values are neither numbers nor text; give drop={drop}, or columns "
                "of their parts, such as the year of a date"
            )
        return lines

    def _advice(self, spec: DatasetSpec) -> str:
        """Return what to type next: each way out replaces what was given of its parameter."""
        types = dict(spec.types) | dict.fromkeys(self.columns, "category")
        ways = [f"types={_joined([f'{name}:{kind}' for name, kind in types.items()])} for text"]
        if self.null_texts:
            ways.insert(0, f"na_values={_joined([*spec.na_values, *self.null_texts])} for nulls")
        common = [r for r in self.readings[0] if all(r in others for others in self.readings)]
        ways += [f"read='{reading}'" for reading in common]
        return f"correct these cells, or give {' or '.join(ways)}"


def type_columns(
    table: SourceTable,
    spec: DatasetSpec,
    *,
    labels: Collection[str] = (),
    strict: bool = True,
    advise: bool = True,
) -> TypedTable:
    r"""Decide the type of each column, and convert it.

    In a written table, such as a CSV file, the type of a column is decided before its text is
    parsed: a column is numbers if all its values are, and else text as it stands in the file. In a
    table with types of its own, these count. A type in `spec.types` always counts.

    Parameters
    ----------
    table : SourceTable
        The rows as they were read.
    spec : DatasetSpec
        The spec, for the types, the texts that mean a null, and the role of each column.
    labels : collection of str
        Columns that are read as the target is, such as decisions.
    strict : bool
        Whether a column that cannot be used is an error. If not, it is in the notes: a column of
        numbers with a wrong cell is text, and a column of dates has the kind "other".
    advise : bool
        Whether the error names the parameters that would help.

    Returns
    -------
    TypedTable

    Raises
    ------
    RequestError
        If at least 95 %, but not all, of the values of a column are numbers, a column of numbers
        has another or an infinite value, or a feature is neither numbers nor text. The target and
        dropped columns are never an error.

    Examples
    --------
    >>> from fairrun.groups import Protected
    >>> spec = DatasetSpec("people", "people.csv", "paid", "yes", (Protected("sex", "m"),))
    >>> frame = pd.DataFrame({"code": ["01", "2"], "age": ["31", "NA"], "sex": ["m", "NA"]})
    >>> typed = type_columns(SourceTable(frame, written=True), spec)
    >>> typed.frame.to_dict("list")
    {'code': ['01', '2'], 'age': [31.0, nan], 'sex': ['m', 'NA']}
    >>> print(*typed.notes, sep="\n")
    code: text, because of leading zeros (1 value)
    nulls: age 1 ('NA')
    """
    types = dict(spec.types) | ({} if spec.weight is None else {spec.weight: "number"})
    # The name of a cluster is never a number: 01 and 1 are two households.
    types |= {} if spec.cluster is None else {spec.cluster: "category"}
    targets = {spec.target, *labels}
    lenient = {*targets, *spec.drop}
    protected = {each.column for each in spec.protected}
    faults = _Faults()
    columns, kinds, nulls, notes, said = {}, {}, {}, [], []
    found_nulls: set[str] = set()
    for label, raw in table.frame.items():
        name = str(label)
        given = types.get(name)
        if given is None and name in protected and _would_merge(raw, written=table.written):
            given = "category"
        if table.written:
            cells = Cells.of(raw, {"", *spec.na_values})
            if name in targets and given is None:
                cells = _spelt(cells)
                given = "category" if _is_truth(cells) else None
            decision = decide(cells, given, spec.read)
        else:
            decision = _decide_typed(raw, given, spec, is_target=name in targets)
        if decision.fault and name not in lenient:
            faults.add(name, decision)
        elif decision.kind == "other" and name not in lenient:
            faults.others.append(name)
        columns[name] = decision.column
        kinds[name] = decision.kind
        n_null = int(decision.column.isna().sum())
        if n_null:
            nulls[name] = n_null
        found_nulls |= decision.nulls.keys()
        if name in spec.drop:
            continue
        if decision.note:
            notes.append(f"{name}: {decision.note}")
        if decision.nulls and n_null < len(raw):
            words = ", ".join(repr(word) if word else "empty" for word in sorted(decision.nulls))
            said.append(f"{name} {sum(decision.nulls.values()):,} ({words})")
    wrong = faults.lines(spec, advise=advise)
    if wrong and strict:
        raise RequestError("\n".join(wrong))
    unused = [text for text in spec.na_values if text not in found_nulls]
    if unused and advise:
        notes.append(f"na_values: no cell is {' or '.join(map(repr, unused))}")
    if said:
        more = f" and {len(said) - _NAMED} more columns" if len(said) > _NAMED else ""
        notes.append(f"nulls: {', '.join(said[:_NAMED])}{more}")
    frame = pd.DataFrame(columns) if columns else pd.DataFrame(index=table.frame.index)
    return TypedTable(frame, kinds, nulls, (*table.notes, *notes, *wrong))


def _would_merge(column: pd.Series, *, written: bool) -> bool:
    """Return whether float64 would merge integers of a column, which are then text."""
    if written:
        return bool(column.str.fullmatch(r"[+-]?[0-9]{16,}").any())
    return has_large_integers(column)


def _decide_typed(
    column: pd.Series, given: str | None, spec: DatasetSpec, *, is_target: bool
) -> Decision:
    """Decide the type of a column whose values have types of their own."""
    column = column.reset_index(drop=True)
    if isinstance(column.dtype, pd.CategoricalDtype):
        categories = pd.Series(column.cat.categories)
        column = categories.reindex(column.cat.codes).reset_index(drop=True)
    dtype = column.dtype
    is_bool = pd.api.types.is_bool_dtype(dtype)
    is_number = pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype)
    if is_number and given != "category" and not (is_bool and is_target):
        return _numbers(column.to_numpy(dtype=np.float64, na_value=np.nan), spec)
    null = column.isna().to_numpy()
    objects = [
        None if is_null else value for value, is_null in zip(column.tolist(), null, strict=True)
    ]
    return _decide_objects(objects, given, spec, is_target=is_target)


def _decide_objects(
    objects: list[Any], given: str | None, spec: DatasetSpec, *, is_target: bool
) -> Decision:
    kinds = {type(value) for value in objects if value is not None}
    if not all(issubclass(kind, (str, *_NUMBERS)) for kind in kinds):
        shown = [str(value) if _is_date(value) else value for value in objects]
        return Decision("other", pd.Series(shown, dtype=object), {})
    numeric = bool(kinds) and not any(issubclass(kind, str) for kind in kinds)
    if is_target:
        numeric = numeric and not any(issubclass(kind, _TRUTHS) for kind in kinds)
    if (numeric or not kinds) and given != "category":
        return _numbers(np.array([np.nan if v is None else float(v) for v in objects]), spec)
    texts = [None if value is None else _text(value) for value in objects]
    # Text is text where the source says so: a Parquet file may hold "01" and "1".
    is_text = all(issubclass(kind, str) for kind in kinds) or is_target
    cells = Cells.of(texts, spec.na_values)
    if not is_text or given is not None:
        return decide(cells, given, spec.read)
    # But a wrong cell may have made text of numbers before the file was written.
    decided = decide(cells, None, spec.read)
    found_null = bool(cells.nulls) and decided.kind == "number"
    if (decided.fault or found_null) and not is_target:
        return decided
    text = decide(cells, "category", spec.read)
    if decided.kind == "category" or is_target:
        return text
    return replace(text, note="text as in the source, though all values are numbers (see types)")


def _numbers(values: np.ndarray[Any, Any], spec: DatasetSpec) -> Decision:
    """Return the decision for numbers, of which some may mean a null."""
    nulls = {}
    for text in spec.na_values:
        try:
            found = values == float(text)
        except ValueError:
            continue
        if found.any():
            values = np.where(found, np.nan, values)
            nulls[text] = int(found.sum())
    infinite = np.isinf(values)
    return Decision(
        "number",
        pd.Series(values, dtype=np.float64),
        nulls,
        fault=f"infinite in {rows_from_1(infinite)}" if infinite.any() else "",
        wrong=tuple(str(value) for value in np.unique(values[infinite])),
    )


def _text(value: object) -> str:
    """Return a value as text: a whole number has no decimals, whatever its type."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, decimal.Decimal) and value == value.to_integral_value():
        value = int(value)
    return value_text(value)


def _is_date(value: object) -> bool:
    return isinstance(value, datetime.date | datetime.timedelta | datetime.time)


def _is_truth(cells: Cells) -> bool:
    return bool(len(cells.values)) and set(cells.values) <= {"True", "False"}


def _spelt(cells: Cells) -> Cells:
    """Return the cells of a target with "TRUE" and "false" written as "True" and "False"."""
    if not {str(value).lower() for value in cells.values} <= {"true", "false"}:
        return cells
    texts = cells.texts().map(lambda text: text and text.capitalize())
    return replace(Cells.of(texts, ()), nulls=cells.nulls)


def _joined(entries: list[str]) -> str:
    """Return a list as a parameter takes it: an entry with a comma has quotes."""
    quoted = [f'"{each}"' if "," in each or each != each.strip() else each for each in entries]
    text = ",".join(quoted)
    return f"'{text}'" if quoted != entries else text  # a shell would take the quotes away
