"""Every dialect of CSV is read cell by cell, and what cannot be read is refused by its line."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fairrun.data import ReadOptions, load_source
from fairrun.data.column_names import distinct_names
from fairrun.data.csv_cells import Layout, read_cells
from fairrun.data.csv_files import read_csv
from fairrun.data.source_table import SourceTable
from fairrun.errors import RequestError

#: Without the time, because the name of a test may not change from process to process.
_GZIP = gzip.compress(b"a,b\n1,2\n" * 99, mtime=0)


def zipped(data: bytes, *names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names or ("people.csv",):
            archive.writestr(name, data)
    return file.getvalue()


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return bytes(sink.getvalue())


PACK: dict[str, Callable[[bytes], bytes]] = {
    ".csv": bytes,
    ".csv.gz": gzip.compress,
    ".csv.bz2": bz2.compress,
    ".csv.xz": lzma.compress,
    ".csv.zst": zstd,
    ".zip": zipped,
}
CELL = st.text(
    st.sampled_from(["a", "é", "1", ".", ",", ";", "\t", "|", '"', "\n", "'", " "]), max_size=5
)


def read(text: str | bytes, **options: object) -> SourceTable:
    data = text if isinstance(text, bytes) else text.encode()
    return read_csv(data, ReadOptions.from_dict(options), "people.csv")


def cells(table: SourceTable) -> list[list[str]]:
    assert table.written
    return [list(map(str, table.frame.columns)), *table.frame.to_numpy().tolist()]


@given(
    st.integers(1, 4).flatmap(
        lambda n: st.lists(st.lists(CELL, min_size=n, max_size=n), min_size=1, max_size=5)
    ),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"]),
    st.sampled_from(list(PACK)),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
@example([["a"], [""]], ",", csv.QUOTE_MINIMAL, "utf-8", ".csv", "\n", False)
@example([[" "], ["a"]], ",", csv.QUOTE_MINIMAL, "utf-8", ".csv", "\n", True)
def test_any_table_comes_back_cell_by_cell(
    tmp_path_factory: pytest.TempPathFactory,
    table: list[list[str]],
    delimiter: str,
    quoting: Literal[0, 1, 2],
    encoding: str,
    suffix: str,
    line_end: str,
    careful: bool,
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=line_end)
    writer.writerows(table)
    path = tmp_path_factory.getbasetemp() / f"any{suffix}"
    path.write_bytes(PACK[suffix](text.getvalue().encode(encoding)))
    options: dict[str, object] = {"delimiter": delimiter, "header": False, "strip": False}
    if encoding in ("latin-1", "cp1252"):
        options["encoding"] = encoding
    if careful:
        options["comment"] = "~"  # the parser that reads any file
    found = load_source(str(path), ReadOptions.from_dict(options))
    assert found.frame.to_numpy().tolist() == table
    assert list(found.frame.columns) == [f"column_{n + 1}" for n in range(len(table[0]))]


@given(
    st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=5),
    st.sampled_from([",", ";", "\t", "|"]),
)
def test_the_delimiter_is_found_below_any_header_of_words(
    table: list[list[str]], delimiter: str
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([["age", "job", "paid"], *table])
    found = read(text.getvalue(), strip=False)
    assert cells(found) == [["age", "job", "paid"], *table]


@given(st.text(st.sampled_from(list('a,"\n\r ')), max_size=14))
def test_both_parsers_read_the_same_cells_of_any_text(text: str) -> None:
    """Also of text that no program would write; Arrow alone would read some of it otherwise."""

    def parsed(comment: str | None) -> object:
        layout = Layout("people.csv", ",", comment, blanks=False)
        try:
            return read_cells(text.encode(), layout).to_pydict()
        except RequestError as error:
            return str(error)

    assert parsed(None) == parsed("~")


@pytest.mark.parametrize(
    ("text", "options", "expected", "note"),
    [
        ("a;b\n1,5;2,5\n", {}, [["a", "b"], ["1,5", "2,5"]], "The delimiter is ';'."),
        ("a\tb\n1\t2\n", {}, [["a", "b"], ["1", "2"]], "The delimiter is a tab."),
        ("a|b\nx,y|2\n", {}, [["a", "b"], ["x,y", "2"]], "The delimiter is '|'."),
        ("sep=;\r\na;b\r\n1;2\r\n", {}, [["a", "b"], ["1", "2"]], None),
        ('a,b\n"x;y\n;;",2\n', {}, [["a", "b"], ["x;y\n;;", "2"]], None),
        ("a b\n1 2\n", {"delimiter": " "}, [["a", "b"], ["1", "2"]], None),
        ("a\tb\n1\t\n", {"delimiter": "tab"}, [["a", "b"], ["1", ""]], None),
        ("a\n01\n", {}, [["a"], ["01"]], None),
        ("a,b\n\n1,2\n\n", {}, [["a", "b"], ["1", "2"]], None),
        ("a,b\n   \n1,2\n", {}, [["a", "b"], ["1", "2"]], None),
        ("a,b\n5' 11\",2\n", {}, [["a", "b"], ["5' 11\"", "2"]], None),
        ("# 1\na,b\n#x\n1,C#\n \t# y\n", {"comment": "#"}, [["a", "b"], ["1", "C#"]], None),
        ('a,b\n"#1\n#2",2\n', {"comment": "#"}, [["a", "b"], ["#1\n#2", "2"]], None),
        (
            "01,NA\n,None\n",
            {"header": False},
            [["column_1", "column_2"], ["01", "NA"], ["", "None"]],
            None,
        ),
        ("1,2\n", {"header": False, "names": ["a", "b"]}, [["a", "b"], ["1", "2"]], None),
        ("x,y\n1,2\n", {"names": ["a", "b"]}, [["a", "b"], ["1", "2"]], None),
        (
            "2019,b\n1,2\n",
            {},
            [["2019", "b"], ["1", "2"]],
            "1 of the 2 names in the first line are numbers. If",
        ),
        (
            'a, b\n1, "x, y"\n2 ,z\n',
            {},
            [["a", "b"], ["1", "x, y"], ["2", "z"]],
            "Blanks between a delimiter and a cell were stripped.",
        ),
        (
            "a,b\n1, Male\n2,\tMale\n3,\u00a0x\n",
            {},
            [["a", "b"], ["1", "Male"], ["2", "Male"], ["3", "x"]],
            "Blanks were stripped in b (3 cells).",
        ),
        (
            "a, b\n1 ,2\n",
            {},
            [["a", "b"], ["1", "2"]],
            "Blanks were stripped in a (1 cell), and in n",
        ),
        ("a, b\n1, Male\n", {"strip": False}, [["a", " b"], ["1", " Male"]], None),
        (
            "score,a,score,,score.1\n1,2,3,4,5\n",
            {},
            [["score", "a", "score.2", "Unnamed: 3", "score.1"], ["1", "2", "3", "4", "5"]],
            "Columns that stand twice were renamed: score to score.2.",
        ),
        ("a\r1\r".encode("utf-16"), {}, [["a"], ["1"]], None),
        ("a,b\nä,1\n".encode("latin-1"), {"encoding": "latin-1"}, [["a", "b"], ["ä", "1"]], None),
        ("\ufeffa,b\n1,2\n".encode(), {"encoding": "utf-8"}, [["a", "b"], ["1", "2"]], None),
    ],
)
def test_a_dialect(
    text: str | bytes, options: dict[str, object], expected: list[list[str]], note: str | None
) -> None:
    found = read(text, **options)
    assert cells(found) == expected
    if note is None:
        assert found.notes == ()
    else:
        assert any(each.startswith(note) for each in found.notes), found.notes


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("", {}, "is empty; give a file with rows"),
        ("\n \n", {}, "has a header and no rows"),
        ("a,b\n", {}, "has a header and no rows"),
        ("# only\n", {"comment": "#"}, "is empty"),
        ("a,b\n1,2\n1,SECRET,3\n1,2\n", {}, r"line 3 has 3 cells, and the first line has 2;"),
        ('a,b\n"x\ny",2\nSECRET\n1,2\n', {}, r"line 4 has 1 cells"),
        ("sep=,\na,b\n1,2\nSECRET\n", {}, r"line 4 has 1 cells"),
        ('a,b\n1,2\n"SECRET,2\n', {}, r"a quote in the record of line 3 is not closed"),
        ("a,b\n1,SECRET\0\n", {}, 'null byte in line 2.*"utf-16"'),
        ("a,b\nSECRET,ä\n".encode("latin-1"), {}, r'not UTF-8 text \(line 2\).*"latin-1"'),
        ("a,b\nSECRET,ä\n", {"encoding": "ascii"}, "is not ASCII text .*; check read.encoding"),
        ("a b c\n1 2 SECRET\n3 4 5\n", {}, 'blanks; give the delimiter, such as read=.*" "'),
        ("a;b,c\n1;2,3\n", {}, "separated by ',' or ';'; give the delimiter"),
        ("a b\nx, y\nz\nu; v; w\n", {}, "not separated by .* 1 in the first line and 1 to 3"),
        ("a;b\n1;2\n", {"delimiter": ","}, "one column with the delimiter ',', but .* has ';'"),
        ("a,b\n1,2\n", {"names": ["a"]}, "read.names has 1 names, but data=people.csv has 2"),
        ("39, Private, SECRET\n40, Private, x\n", {}, r'no header.*\{"header": false'),
        (f'a,b\n1,{"x" * 200_000}"\n', {"comment": "#"}, "at line 2 .field larger than"),
    ],
)
def test_what_is_no_table_is_refused_in_a_line_without_its_text(
    text: str | bytes, options: dict[str, object], said: str
) -> None:
    with pytest.raises(RequestError, match=said) as caught:
        read(text, **options)
    message = str(caught.value)
    assert "SECRET" not in message
    assert "\n" not in message
    assert len(message) < 300


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("two.zip", zipped(b"a\n1\n", "one.csv", "two.csv"), r"has 2 files \(one.csv, two.csv\)"),
        ("none.zip", zipped(b"", "__MACOSX/x.csv", "folder/"), r"has 0 files \(none\)"),
        ("no.zip", b"PK\3\4", r"unpacked as .zip \(BadZipFile\)"),
        ("no.csv.gz", b"a,b\n1,2\n", r"unpacked as .gz \(BadGzipFile\)"),
        (
            "cut.csv.gz",
            _GZIP[:-9],
            r"unpacked as .gz \(EOFError\)",
        ),
        ("no.csv.bz2", b"a,b\n1,2\n", r"unpacked as .bz2 \(OSError\)"),
        ("no.csv.xz", b"a,b\n1,2\n", r"unpacked as .xz \(LZMAError\)"),
        ("no.csv.zst", b"a,b\n1,2\n", r"unpacked as .zst \(OSError\)"),
        (
            "people.gz",
            _GZIP,
            r"ends in '.gz'; give a file that ends in",
        ),
    ],
)
def test_a_damaged_archive_is_refused_in_a_line(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RequestError, match=said):
        load_source(str(tmp_path / name))


def test_a_header_far_from_the_first_rows_is_judged_by_the_first_hundred() -> None:
    """One ragged record among many does not change the delimiter, and is named."""
    text = "a;b\n" + "1,5;2,5\n" * 50 + "1;2;3\n" + "1;2\n" * 20
    with pytest.raises(RequestError, match="line 52 has 3 cells"):
        read(text)


def test_a_large_file_is_judged_by_its_beginning() -> None:
    text = "a;b\n" + 'x;"y;\n"\n' * 60_000
    found = read(text)
    assert found.frame.shape == (60_000, 2)
    assert set(found.frame["b"]) == {"y;\n"}


@given(st.lists(st.sampled_from(["a", "b", "a.1", "a.2", "a.1.1", "", "Unnamed: 0"]), min_size=1))
def test_names_are_distinct_and_those_of_pandas(names: list[str]) -> None:
    found, _ = distinct_names(names)
    assert len(set(found)) == len(names)
    if "Unnamed: 0" not in names and names != [""]:
        frame = pd.read_csv(io.StringIO(",".join(names) + "\n"), nrows=0)
        assert found == list(frame.columns)
