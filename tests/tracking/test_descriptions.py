"""The description of a run, which MLflow's pages show as Markdown."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import mlflow
import pytest

from fairrun.errors import RequestError
from fairrun.tracking.descriptions import describe_run, escaped, link_to_run
from fairrun.tracking.runs import tracked_run


@pytest.fixture(autouse=True)
def store(tmp_path: Path, empty_store: Path) -> Iterator[None]:
    before = mlflow.get_tracking_uri()
    shutil.copy(empty_store, tmp_path)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    mlflow.set_experiment(experiment_id="0")  # another test may have set its own
    yield
    mlflow.set_tracking_uri(before)


def description(run_id: str) -> str:
    return str(mlflow.get_run(run_id).data.tags["mlflow.note.content"])


def test_a_run_describes_itself() -> None:
    with tracked_run("one") as run:
        describe_run("First.", "", "Second.", commands=["mlflow ui", "mlflow run ."])
        link = link_to_run("a_b|c", "f00")
    assert description(run.info.run_id) == (
        "First.\n\nSecond.\n\nWhat to type next:\n\n```bash\nmlflow ui\nmlflow run .\n```"
    )
    assert link == r"[a_b\|c](#/experiments/0/runs/f00)"


def test_a_long_paragraph_is_left_out_whole() -> None:
    with tracked_run("long") as run:
        describe_run("First.", "x" * 9000, "Last.")
    assert description(run.info.run_id) == "First.\n\nLast."


def test_the_least_that_suffices_is_left_out() -> None:
    with tracked_run("long") as run:
        describe_run("First.", "t" * 4500, "short", "m" * 3600, commands=["mlflow ui"])
    said = description(run.info.run_id).split("\n\n")
    assert said[:3] == ["First.", "t" * 4500, "short"]
    assert said[3:] == ["What to type next:", "```bash\nmlflow ui\n```"]


def test_a_command_does_not_end_its_block() -> None:
    with tracked_run("odd") as run:
        describe_run("First.", commands=["mlflow run . -P target='a\n```\n<img src=x>'"])
    begin, *_, end = description(run.info.run_id).split("\n\n")[2].split("\n")
    assert (begin, end) == ("````bash", "````")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RequestError("target=<b> is no column"), "exit code 2): target=&lt;b&gt; is no column"),
        (ValueError("the row of Ann Smith"), "**Failed** with ValueError, which is a bug"),
        (KeyboardInterrupt(), "**Stopped** by a signal"),
    ],
)
def test_a_run_says_why_it_ended(error: BaseException, said: str) -> None:
    with suppress(type(error)), tracked_run("ends") as run:
        describe_run("What was done.")
        raise error
    assert said in description(run.info.run_id)
    assert description(run.info.run_id).endswith("\n\nWhat was done.")
    assert "Ann" not in description(run.info.run_id)


def test_names_from_the_data_are_no_markup() -> None:
    assert escaped("[a](http://x) <img>\n# b") == r"\[a\](http://x) &lt;img&gt; # b"
