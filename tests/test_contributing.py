"""The pages for contributors name the rooms in their order, files that are there, one version."""

from __future__ import annotations

import re

import pytest
import yaml

import fairrun
from tests.conftest import ROOT
from tests.test_layers import ORDER

PAGES = ("CONTRIBUTING.md", "tests/README.md", "docs/releasing.md")


def test_the_table_of_rooms_is_in_the_order_of_imports() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = page.partition("| room of `fairrun/` |")[2].partition("\n\n")[0]
    lines = re.findall(r"^\| (`.*?`) \|", table, flags=re.MULTILINE)
    rooms = [set(re.findall(r"`(\w+)`", line)) for line in lines]
    assert rooms == [set(line) for line in reversed(ORDER)]


@pytest.mark.parametrize("name", PAGES)
def test_every_file_that_is_named_is_there(name: str) -> None:
    page = (ROOT / name).read_text(encoding="utf-8")
    words = {word for span in re.findall(r"`([^`\n]+)`", page) for word in span.split()}
    folders = ("fairrun/", "tests/", "docs/", "scripts/", "benchmarks/")
    named = {word for word in words if word.startswith(folders) and "<" not in word}
    assert {word for word in named if not (ROOT / word).exists()} == set()


def test_the_citation_and_the_changelog_know_the_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == fairrun.__version__
    assert citation["authors"] == [{"name": "The fairrun contributors"}]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[(.+?)\]", changelog, flags=re.MULTILINE)
    assert versions[:2] == ["Unreleased", fairrun.__version__]
