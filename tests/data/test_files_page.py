"""docs/files.md names every format and every option, and its example of UCI's files is true."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from fairrun.data import ReadOptions, load_source
from fairrun.data.compressed import COMPRESSIONS
from fairrun.data.excel_files import EXCEL_FORMATS
from fairrun.data.sources import TEXT_FORMATS
from fairrun.data.table_files import TABLE_FORMATS
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def page() -> str:
    return (ROOT / "docs" / "files.md").read_text(encoding="utf-8")


def test_every_format_is_in_the_first_table(page: str) -> None:
    table = page.partition("| source |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`(\.\w+)`", table))
    assert named == {*TEXT_FORMATS, *COMPRESSIONS, *TABLE_FORMATS, *EXCEL_FORMATS}


def test_every_option_is_in_the_second_table(page: str) -> None:
    table = page.partition("| option |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == [f.name for f in fields(ReadOptions)]


def test_the_original_files_of_adult(page: str, tmp_path: Path) -> None:
    (block,) = [b for b in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "adult" in b]
    spec = yaml.safe_load(block)
    row = ", ".join(["25", "Private", "?", *["x"] * 11, "<=50K."])
    file = tmp_path / spec["source"]
    file.write_text(f"|1x3 Cross validator\n{row}\n{row}\n\n", encoding="utf-8")
    found = load_source(str(file), ReadOptions.from_dict(spec["read"]))
    assert found.frame["class"].tolist() == ["<=50K."] * 2
    assert found.frame["fnlwgt"].tolist() == ["?"] * 2
    assert len(found.notes) == 1
