"""Files with types of their own keep them: Parquet files and folders, Arrow, Excel, JSON lines."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import feather

from fairrun.data import ReadOptions, load_source
from fairrun.errors import RequestError

FRAME = pd.DataFrame({"code": ["01", "1", None], "age": [30, 40, 50], "fee": [1.5, None, 2.0]})


def write_stream(frame: pd.DataFrame, path: Path) -> None:
    table = pa.Table.from_pandas(frame)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as stream:
        stream.write_table(table)


WRITE: dict[str, Callable[[pd.DataFrame, Path], object]] = {
    ".parquet": lambda frame, path: frame.to_parquet(path),
    ".feather": lambda frame, path: feather.write_feather(frame, str(path)),
    ".arrow": write_stream,
    ".jsonl": lambda frame, path: frame.to_json(path, orient="records", lines=True),
}


@pytest.mark.parametrize("suffix", WRITE)
def test_a_file_keeps_its_types(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"people{suffix}"
    WRITE[suffix](FRAME, path)
    found = load_source(str(path))
    assert not found.written
    assert found.notes == ()
    # JSON has no column types, so its texts have another dtype.
    pd.testing.assert_frame_equal(found.frame, FRAME, check_dtype=suffix != ".jsonl")


def test_columns_that_stand_twice_and_an_index_are_noted(tmp_path: Path) -> None:
    twice = pa.table([pa.array([1]), pa.array([2])], names=["age", "age"])
    feather.write_feather(twice, str(tmp_path / "twice.feather"))
    found = load_source(str(tmp_path / "twice.feather"))
    assert list(found.frame.columns) == ["age", "age.1"]
    assert found.notes == ("Columns that stand twice were renamed: age to age.1.",)
    FRAME.set_index("age").to_parquet(tmp_path / "index.parquet")
    found = load_source(str(tmp_path / "index.parquet"))
    assert list(found.frame.columns) == ["code", "fee"]
    assert found.frame.index.equals(pd.RangeIndex(3))
    assert found.notes[0].startswith("The index age was not read.")


def test_an_option_without_a_meaning_is_noted(tmp_path: Path) -> None:
    FRAME.to_parquet(tmp_path / "people.parquet")
    read = ReadOptions(delimiter=";", decimal=",", sheet="x")
    (note,) = load_source(str(tmp_path / "people.parquet"), read).notes
    assert (
        note == "read.delimiter, read.sheet were not used, because the source is a .parquet file."
    )


def test_a_folder_of_parquet_files(tmp_path: Path) -> None:
    folder = tmp_path / "people"
    frame = FRAME.assign(year=[2023, 2024, 2024])
    pq.write_to_dataset(pa.Table.from_pandas(frame), folder, partition_cols=["year"])
    found = load_source(str(folder)).frame
    assert found["year"].tolist() == [2023, 2024, 2024]
    pd.testing.assert_frame_equal(found[list(FRAME.columns)], FRAME)
    # In one file all ages are whole numbers, in another one is null.
    one = pd.DataFrame({"code": ["a"], "age": [1.5], "fee": [1.0], "year": [2025]})
    pq.write_to_dataset(pa.Table.from_pandas(one), folder, partition_cols=["year"])
    assert load_source(str(folder)).frame["age"].tolist() == [30, 40, 50, 1.5]
    one = one.assign(year=2026).drop(columns="fee")
    pq.write_to_dataset(pa.Table.from_pandas(one), folder, partition_cols=["year"])
    with pytest.raises(RequestError, match=r"files with different columns: .*2023.* and .*2026"):
        load_source(str(folder))


def test_a_folder_that_has_other_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="has no Parquet files"):
        load_source(str(tmp_path))
    (tmp_path / "people.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(RequestError, match=r"as a folder of Parquet files \(ArrowInvalid\)"):
        load_source(str(tmp_path))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "text.parquet",
            b"no table",
            r"cannot be read as parquet \(ArrowInvalid\); check the file",
        ),
        ("text.feather", b"no table", r"cannot be read as feather \(ArrowInvalid\)"),
        ("text.jsonl", b'{"age": 1}\n\n[SECRET]\n', r"line 3 is not a JSON object"),
        ("latin.jsonl", b'{"age": "\xe4"}\n', r"cannot be read as jsonl \(UnicodeDecodeError\)"),
        ("empty.jsonl", b"", "has no rows; give a table with rows"),
        ("old.xls", b"", r"ends in '.xls'; give a file that ends in one of .csv, .tsv, .*.xlsx"),
        ("noname", b"", "has no suffix; give a file that ends in one of"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RequestError, match=said) as caught:
        load_source(str(tmp_path / name))
    assert "SECRET" not in str(caught.value)


def test_excel_without_its_package_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "people.xlsx").write_bytes(b"PK")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(RequestError, match="needs the package openpyxl; install it with pip"):
        load_source(str(tmp_path / "people.xlsx"))


def test_excel(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    path = tmp_path / "people.xlsx"
    with pd.ExcelWriter(path) as book:
        FRAME.assign(job=["NA", "None", "x"]).to_excel(book, sheet_name="a", index=False)
        FRAME.head(1).to_excel(book, sheet_name="b", index=False, header=False)
    found = load_source(str(path))
    assert not found.written
    assert found.notes == ("The sheet is 'a', the first of 2.",)
    assert found.frame["job"].tolist() == ["NA", "None", "x"]
    pd.testing.assert_frame_equal(found.frame[list(FRAME.columns)], FRAME, check_dtype=False)
    assert found.frame["code"].tolist()[:2] == ["01", "1"]
    assert [str(found.frame[name].dtype) for name in ("age", "fee")] == ["int64", "float64"]
    read = ReadOptions(sheet="b", header=False, names=("code", "age", "fee"))
    assert load_source(str(path), read).frame.iloc[0].tolist() == ["01", 30, 1.5]
    with pytest.raises(RequestError, match=r"read.sheet='c' is not a sheet .* one of a, b"):
        load_source(str(path), ReadOptions(sheet="c"))
    with pytest.raises(RequestError, match=r"read.names has 1 names, but .* has 4 columns"):
        load_source(str(path), ReadOptions(names=("x",)))
    path.write_bytes(b"PK")
    with pytest.raises(RequestError, match=r"cannot be read as Excel \(BadZipFile\)"):
        load_source(str(path))
