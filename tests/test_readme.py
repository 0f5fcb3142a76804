"""What the README says holds."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pandas as pd
import pytest
import yaml

from fairrun import FairClassifier, Gate, ProtectedColumn, decide, evaluate_predictions
from fairrun.data import DataRequest, Dataset
from fairrun.text import format_table, with_interval
from fairrun.tracking.datasets import open_dataset
from fairrun.training.mitigation import (
    MITIGATORS,
    constraint_table,
    mitigator_table,
    parameter_table,
)
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text("utf-8")
PAGES = [README, *(page.read_text("utf-8") for page in sorted((ROOT / "docs").glob("*.md")))]
#: Every page that people read, at home and in docs/.
FILES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md")), ROOT / "tests/README.md"]
ENTRY_POINTS = yaml.safe_load((ROOT / "MLproject").read_text("utf-8"))["entry_points"]


def test_the_table_of_mitigators_is_the_registrys() -> None:
    page, write = (
        (ROOT / "docs" / "mitigators.md").read_text("utf-8"),
        "run scripts/make_method_pages.py",
    )
    assert format_table(mitigator_table()) in README, write
    assert format_table(mitigator_table()) in page, write
    for table in (parameter_table(), constraint_table()):
        assert format_table(table) in page, write


def test_the_page_names_the_methods_that_answer_without_the_group() -> None:
    page = (ROOT / "docs" / "mitigators.md").read_text("utf-8").replace("\n", " ")
    sentence = re.search(r"Of the methods here (.*?) read the group in training alone", page)
    assert sentence is not None
    named = set(re.findall(r"`(\w+)`", sentence[1]))
    assert named == {m.name for m in MITIGATORS.values() if m.group_at_fit} - {
        m.name for m in MITIGATORS.values() if m.group_at_serving
    }


def anchors(page: str) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    outside_of_blocks = re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", outside_of_blocks, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_link_leads_somewhere(file: Path) -> None:
    page = file.read_text(encoding="utf-8")
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)", page):
        linked = file.parent / target if target else file
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked.read_text(encoding="utf-8")), anchor


def test_continuous_integration_finds_the_two_commands() -> None:
    of_tests = [
        line for line in README.splitlines() if re.search("requirements-test.txt.*py", line)
    ]
    assert of_tests == [
        "python3.11 -m venv .venv && .venv/bin/pip install -q --require-hashes "
        "-r requirements-test.txt && .venv/bin/python -m pytest -n auto --dist loadgroup"
    ]
    of_main = [line for line in README.splitlines() if re.search("requirements.txt.*mlfl", line)]
    assert of_main == [
        "python3.11 -m venv .venv && .venv/bin/pip install -q --require-hashes "
        '-r requirements.txt && PATH="$PWD/.venv/bin:$PATH" mlflow run . --env-manager local'
    ]


@pytest.fixture(scope="module")
def census() -> Dataset:
    return open_dataset(DataRequest())


@pytest.mark.parametrize("mitigator", ["none", "reweighing", "group_thresholds"])
def test_the_gate_says_what_the_table_says(mitigator: str, census: Dataset) -> None:
    (gate,) = re.findall(r"-P gate='(.*)'", README)
    train, test = census.splits["train"], census.splits["test"]
    model = FairClassifier.for_dataset(census.spec, mitigator=mitigator)
    model.fit(train.frame, train.label)
    columns = [ProtectedColumn.from_frame(train.frame, each) for each in census.spec.protected]
    evaluation = evaluate_predictions(
        columns,
        [column.positions(test.frame) for column in columns],
        test.label,
        model.predict(test.frame),
        model.predict_proba(test.frame)[:, 1],
    )
    result = decide(Gate.parse(gate), evaluation.counts, evaluation.audit)
    values = [with_interval(each.value, each.ci_low, each.ci_high) for each in result.judgements]
    said = [f"`{mitigator}`", *values, str(result.verdict).replace("_", " ")]
    assert f"| {' | '.join(said)} |" in README


def test_the_ten_lines_of_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (lines,) = re.findall(r"^```python\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
    variables: dict[str, pd.DataFrame] = {}
    introduction = (ROOT / "docs" / "api.md").read_text("utf-8").partition("```python")[2]
    exec(re.sub("^>>> ", "", introduction.partition("```")[0], flags=re.MULTILINE), variables)  # noqa: S102
    variables["people"].to_csv(tmp_path / "people.csv", index=False)
    monkeypatch.chdir(tmp_path)
    exec(lines, {})  # noqa: S102
    assert f"# {capsys.readouterr().out}" == lines.splitlines(keepends=True)[-1]


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
