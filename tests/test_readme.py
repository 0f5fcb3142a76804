"""What the README says holds."""

from __future__ import annotations

import re
import shlex

import pytest
import yaml

from fairrun.text import format_table
from fairrun.training.mitigation import MITIGATORS, mitigator_table, parameter_table
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text()
PAGES = [README, *(page.read_text() for page in sorted((ROOT / "docs").glob("*.md")))]
ENTRY_POINTS = yaml.safe_load((ROOT / "MLproject").read_text())["entry_points"]


def test_the_table_of_mitigators_is_the_registrys() -> None:
    page = (ROOT / "docs" / "mitigators.md").read_text()
    assert format_table(mitigator_table()) in README
    assert format_table(mitigator_table()) in page
    assert format_table(parameter_table()) in page


def test_the_page_names_the_methods_that_answer_without_the_group() -> None:
    page = (ROOT / "docs" / "mitigators.md").read_text().replace("\n", " ")
    sentence = re.search(r"Of the methods here (.*?) read the group in training alone", page)
    assert sentence is not None
    named = set(re.findall(r"`(\w+)`", sentence[1]))
    assert named == {m.name for m in MITIGATORS.values() if m.group_at_fit} - {
        m.name for m in MITIGATORS.values() if m.group_at_serving
    }


def test_every_link_to_a_file_leads_somewhere() -> None:
    for page, folder in [(README, ROOT), *((page, ROOT / "docs") for page in PAGES[1:])]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page):
            assert (folder / target).exists(), target


@pytest.mark.parametrize(
    "line",
    [
        line
        for page in PAGES
        for line in page.replace("\\\n", " ").splitlines()
        if re.match(r"(.*&& .*)?mlflow run \.", line)
    ],
)
def test_every_mlflow_run_names_what_there_is(line: str) -> None:
    words = shlex.split(
        line.rpartition("&&")[2].partition("#")[0].replace("<", "").replace(">", "")
    )
    entry = words[words.index("-e") + 1] if "-e" in words else "main"
    given = [words[place + 1] for place, word in enumerate(words) if word == "-P"]
    assert {parameter.partition("=")[0] for parameter in given} <= set(
        ENTRY_POINTS[entry]["parameters"]
    )
