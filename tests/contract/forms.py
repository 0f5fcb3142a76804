"""The same rows in every form that people have them, and what is not the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from fairrun.data import DatasetSpec
from fairrun.groups import Protected

#: Trained as text, although the file has integers and booleans in them.
TYPES = (("code", "category"), ("member", "category"), ("region", "category"))

SPEC = DatasetSpec(
    name="forms",
    source="forms.csv",
    target="paid",
    positive="1",
    protected=(Protected("region", "1", "2"),),
    missing="keep",
    types=TYPES,
)
NUMBERS, WHOLE, TEXT = ("hours", "rate"), ("age", "senior", "0"), ("job",)
CODES, BOOLEANS = ("code", "region"), ("member",)


def make_rows(n_rows: int, seed: int) -> pd.DataFrame:
    """Rows with half hours, codes, booleans, nulls, and a column whose name is a number."""
    rng = np.random.default_rng(seed)
    age = rng.integers(20, 70, n_rows)
    region = rng.integers(1, 3, n_rows)
    return pd.DataFrame(
        {
            "age": age,
            "hours": rng.integers(40, 90, n_rows) / 2,
            "rate": rng.integers(1, 64, n_rows) / 8,
            "senior": (age > 55).astype(int),
            "0": rng.integers(0, 9, n_rows),
            "job": rng.choice(["clerk", "Ärztin", "NA", "sales, retail"], n_rows),
            "code": rng.integers(1, 6, n_rows),
            "member": rng.random(n_rows) < 0.5,
            "region": region,
            "paid": (age + 9 * region + rng.normal(0, 9, n_rows) > 60).astype(int),
        }
    )


def plain(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows as the model was trained on them: float64, and text."""
    changed = _map((*CODES, *BOOLEANS), str)(rows)
    return changed.astype(dict.fromkeys((*NUMBERS, *WHOLE), "float64"))


def with_nulls(rows: pd.DataFrame) -> pd.DataFrame:
    """Put nulls into every column, each in rows of its own, as None in the dtype object."""
    changed = rows.astype(object)
    for place in range(rows.shape[1]):
        changed.iloc[place::11, place] = None
    return changed


@dataclass(frozen=True)
class Form:
    """A form of the same rows.

    Attributes
    ----------
    name : str
        The line of the table.
    make : callable
        It gets the rows with the types of the file, and returns them in this form.
    nulls : bool
        Whether the form can hold nulls; it then gets rows with nulls.
    text : bool
        Whether the form can be written as JSON and CSV with the methods of pandas.
    """

    name: str
    make: Callable[[pd.DataFrame], Any]
    nulls: bool = False
    text: bool = True


def _as(dtypes: dict[tuple[str, ...], Any]) -> Callable[[pd.DataFrame], pd.DataFrame]:
    by_name = {name: dtype for names, dtype in dtypes.items() for name in names}
    return lambda rows: rows.astype(by_name)


def _integers(dtype: str) -> Form:
    return Form(dtype, _as({(*WHOLE, *CODES): dtype}))


def _floats(dtype: str) -> Form:
    return Form(dtype, _as({(*NUMBERS, *WHOLE, *CODES): dtype}))


def _map(names: tuple[str, ...], change: Callable[[Any], Any]) -> Callable[..., pd.DataFrame]:
    """Change the values that are not null, in the dtype object."""

    def make(rows: pd.DataFrame) -> pd.DataFrame:
        changed = rows.astype(object)
        for name in names:
            values = [None if pd.isna(value) else change(value) for value in changed[name]]
            changed[name] = pd.Series(values, dtype=object, index=rows.index)
        return changed

    return make


def _arrow(rows: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(rows, preserve_index=False)


def _dictionaries(rows: pd.DataFrame) -> pd.DataFrame:
    table = _arrow(rows)
    return pd.DataFrame(
        {
            name: pd.Series(pd.arrays.ArrowExtensionArray(table[name].dictionary_encode()))
            for name in table.column_names
        }
    )


def _decimals(rows: pd.DataFrame) -> pd.DataFrame:
    kind = pd.ArrowDtype(pa.decimal128(12, 4))
    changed = _map((*NUMBERS, *WHOLE, *CODES), lambda value: Decimal(str(value)))(rows)
    return changed.astype(dict.fromkeys((*NUMBERS, *WHOLE, *CODES), kind))


def _numpy_scalar(value: Any) -> Any:
    kinds = {bool: np.bool_, int: np.int16, float: np.float32, str: np.str_}
    return kinds[type(value)](value)


def _with_extras(rows: pd.DataFrame) -> pd.DataFrame:
    n_rows = len(rows)
    return rows.assign(
        day=pd.Timestamp("2026-01-02"),
        price=pd.Series([Decimal("1.5")] * n_rows, dtype=object),
        tags=pd.Series([["a", "b"]] * n_rows, dtype=object),
    )


class PolarsLike:
    """The methods of a polars DataFrame that we use; another test has the real one."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self._table = _arrow(rows)
        self.columns, self.height = self._table.column_names, len(rows)

    def get_column(self, name: str) -> PolarsLike:
        column = PolarsLike.__new__(PolarsLike)
        column._table = self._table[name]
        return column

    def to_list(self) -> list[Any]:
        values: list[Any] = self._table.to_pylist()
        return values


def _floating(rows: pd.DataFrame) -> pd.DataFrame:
    """Make floats of numbers and codes, as `pd.read_csv` does for a column with empty cells."""
    return rows.astype(dict.fromkeys((*NUMBERS, *WHOLE, *CODES), "float64"))


def _batch(rows: pd.DataFrame) -> pa.RecordBatch:
    (batch,) = _arrow(rows).combine_chunks().to_batches()
    return batch


FORMS = (
    Form("float64 and text, as trained", plain),
    Form("as `pd.read_csv` reads the file", lambda rows: rows),
    *map(_integers, ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")),
    *map(_floats, ("float16", "float32", "float64")),
    Form("float64 for whole numbers beside nulls", _floating, nulls=True),
    Form(
        "Int64, Float64, boolean and string with NA",
        _as(
            {
                (*WHOLE, *CODES): "Int64",
                NUMBERS: "Float64",
                BOOLEANS: "boolean",
                TEXT: "string",
            }
        ),
        nulls=True,
    ),
    Form("bool for numbers", _as({("senior",): "bool"})),
    Form("object: Python values and None", lambda rows: rows, nulls=True),
    Form(
        "object: numpy scalars and None",
        _map((*NUMBERS, *WHOLE, *TEXT, *CODES, *BOOLEANS), _numpy_scalar),
        nulls=True,
    ),
    Form(
        "object: Decimal and None",
        _map((*NUMBERS, *WHOLE, *CODES), lambda value: Decimal(str(value))),
        nulls=True,
    ),
    Form("category", lambda rows: rows.astype("category"), nulls=True),
    Form("str", _as({TEXT: "str"}), nulls=True),
    Form("string[python]", _as({TEXT: pd.StringDtype("python")}), nulls=True),
    Form("string[pyarrow]", _as({TEXT: pd.StringDtype("pyarrow")}), nulls=True),
    Form(
        "Arrow: int64, double, bool, string",
        lambda rows: _arrow(rows).to_pandas(types_mapper=pd.ArrowDtype),
        nulls=True,
    ),
    Form("Arrow: dictionary", _dictionaries, nulls=True),
    Form("Arrow: decimal", _decimals, nulls=True),
    Form("sparse", _as({(*WHOLE, *CODES): pd.SparseDtype("int64")})),
    Form("columns in another order", lambda rows: rows[[*rows.columns[::-1]]]),
    Form("extra columns: a date, Decimal, lists", _with_extras),
    Form("a column named 0, not '0'", lambda rows: rows.rename(columns={"0": 0})),
    Form("polars DataFrame", PolarsLike, nulls=True, text=False),
    Form("pyarrow Table", _arrow, nulls=True, text=False),
    Form("pyarrow RecordBatch", _batch, nulls=True, text=False),
)
