"""The tables of the docs are made of the benchmarks' results, and results say how old they are."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.conftest import ROOT


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tables() -> Iterator[ModuleType]:
    before = list(sys.path)
    yield _load(ROOT / "scripts" / "make_tables.py")
    sys.path[:] = before


RESULTS = sorted((ROOT / "benchmarks" / "results").glob("*.json"))
PAGES = [
    page
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
    if "<!-- end -->" in page.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_the_tables_that_the_results_give(tables: ModuleType, page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text == tables.filled(text), "run python scripts/make_tables.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_marker_has_an_end(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    begun = re.findall(r"<!-- (?:table|figure): \S+ -->", text)
    assert len(begun) == text.count("<!-- end -->")
    # Markdown ends the paragraph before a line that starts with a comment.
    assert "\n<!-- figure" not in text


def test_every_table_and_every_result_is_shown(tables: ModuleType) -> None:
    shown = {
        name
        for page in PAGES
        for kind, name in tables.names_in(page.read_text(encoding="utf-8"))
        if kind == "table"
    }
    assert shown == set(tables.TABLES)
    in_sentences = {"intervals_agreement"}
    used = {tables.TABLES[name].result for name in shown} | in_sentences
    assert used == {path.stem for path in RESULTS}


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_a_result_says_how_it_came_about(tables: ModuleType, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    result = json.loads(text)
    assert set(tables.FIELDS) <= set(result)
    assert re.match(r"python benchmarks/\w+\.py( |$)", result["command"])
    assert (ROOT / result["command"].split()[1]).is_file()
    assert re.fullmatch("[0-9a-f]{40}", result["commit"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", result["date"])
    assert result["rows"]
    if not result["transcribed"]:
        assert set(result["machine"]) == {"python", "platform", "cores", "load", "packages"}
        assert result["command"].split()[1] in result["code"]
        assert all(result["code"].values()), "a digest of code that is not there"
    assert not re.search(r"(?<![\w.])/(home|tmp|root|Users|work|mnt|opt|var)/", text)


# A change of code makes tables older than it nearly every day, and measuring again takes minutes to
# hours of a quiet machine. A test that fails would be red at most commits and soon be ignored. This
# one is an expected failure: the summary of every test run lists the tables that are old, with the
# command that measures them again, and stays green.
@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_a_result_is_as_new_as_its_code(tables: ModuleType, path: Path) -> None:
    result = json.loads(path.read_text(encoding="utf-8"))
    if result["transcribed"]:
        pytest.xfail(f"{path.stem} was not measured by this code: {result['transcribed']}")
    if changed := tables.stale(result):
        again = f"{result['command']} --save"
        pytest.xfail(f"{path.stem} is older than {', '.join(changed)}; again: {again}")


def test_a_digest_is_of_code_and_not_of_words(tables: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "one.py"

    def digest(text: str) -> str:
        file.write_text(text, encoding="utf-8")
        return str(tables.digest_of(file))

    first = digest('"""Words."""\n\ndef f():\n    """Say — é."""\n    return "# 1"  # why\n')
    assert first == digest(
        '"""Other\nwords."""\ndef f():\n    """Do.\n\n    Much.\n    """\n\n'
        '    # because\n    return "# 1"\n'
    )
    assert first != digest('def f():\n    return "# 2"\n')
    assert digest("x = 1\n") != digest('x = """1"""\n')
    assert tables.digest_of(tmp_path) != tables.digest_of(file)
    assert tables.digest_of(tmp_path / "none.py") is None


def test_a_command_names_no_place_of_the_machine(tables: ModuleType) -> None:
    given = ["--adult", "/a/adult.parquet", "--rows", "5", "--kept=/b", "--kept", "/b", "--save"]
    said = tables.command_of("benchmarks/mitigators.py", given)
    assert said == "python benchmarks/mitigators.py --adult PATH --rows 5"
