"""The workflow and the script for the CI of users, with every command run as it is written."""

from __future__ import annotations

import importlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import mlflow
import pytest
import yaml

from tests.conftest import ROOT
from tests.people import make_raw

FOLDER = ROOT / "docs/workflows"
SCRIPT = FOLDER / "fairness.sh"
TEXT = (FOLDER / "fairness.yml").read_text("utf-8")
WORKFLOW: dict[Any, Any] = yaml.safe_load(TEXT)
JOBS: dict[str, Any] = WORKFLOW["jobs"]
#: What only a runner of GitHub has.
OF_GITHUB = ("pip install", "$GITHUB_", "gh pr comment")
PASSING, FAILING = "accuracy>=0.55", "accuracy>=0.55; accuracy>=0.99"


def steps(job: str) -> Iterator[dict[str, Any]]:
    yield from JOBS[job]["steps"]


def lines_of(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def commands() -> list[list[str]]:
    """The words of each command of fairrun, as the shell would divide them."""
    found = re.findall(r"python -m fairrun ([^|>]*)", SCRIPT.read_text("utf-8"))
    return [shlex.split(each) for each in found]


def test_each_job_has_the_permissions_that_it_needs_and_no_other() -> None:
    assert WORKFLOW["permissions"] == {}
    assert {name: job["permissions"] for name, job in JOBS.items()} == {
        "gate": {"contents": "read"},
        "comment": {"pull-requests": "write"},
        "promote": {"contents": "read"},
    }
    # Where a token may write, no code of the pull request is fetched; and only main has secrets.
    assert not any("checkout" in step.get("uses", "") for step in steps("comment"))
    assert "pull_request_target" not in TEXT
    assert [name for name, job in JOBS.items() if "secrets." in yaml.safe_dump(job)] == ["promote"]
    for job in ("gate", "promote"):
        for step in steps(job):
            if "checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False


def test_every_action_is_pinned_to_a_commit() -> None:
    action = (ROOT / ".github/actions/gate/action.yml").read_text("utf-8")
    used = re.findall(r"uses: (.*)", TEXT + action)
    assert len(used) > 8
    for each in used:
        assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each), each


def test_nothing_from_outside_becomes_a_part_of_a_script() -> None:
    for job in JOBS:
        for step in steps(job):
            assert "${{" not in step.get("run", "")
    # What is named there is chosen by the repository, or a number.
    named = set(re.findall(r"\$\{\{ *(.*?) *\}\}", TEXT))
    assert named == {
        "steps.table.outputs.written",
        "github.token",
        "github.repository",
        "github.event.pull_request.number",
        "vars.MLFLOW_TRACKING_URI",
        "secrets.MLFLOW_TRACKING_TOKEN",
    }


def test_the_script_has_every_command_of_the_workflow() -> None:
    script = lines_of(SCRIPT.read_text("utf-8"))
    ours = [
        line
        for job in JOBS
        for step in steps(job)
        for line in lines_of(step.get("run", ""))
        if not any(word in line for word in OF_GITHUB)
    ]
    assert len(ours) > 8
    assert [line for line in ours if line not in script] == []
    assert {line for line in script if "fairrun" in line and line[0] != "#"} <= {*ours}


def test_its_defaults_are_those_of_the_workflow() -> None:
    defaults = dict(re.findall(r"^(\w+)=\$\{\1:-(.*)\}$", SCRIPT.read_text("utf-8"), re.MULTILINE))
    assert defaults == WORKFLOW["env"]


def test_entry_points_and_their_parameters_exist() -> None:
    project = yaml.safe_load((ROOT / "MLproject").read_text("utf-8"))["entry_points"]
    assert {name for name, *_ in commands()} == {"train", "evaluate", "gate", "promote"}
    for name, *words in commands():
        command = importlib.import_module(f"fairrun.entrypoints.{name}").main
        options = {
            o for each in command.params if isinstance(each, click.Option) for o in each.opts
        }
        given = {word for word in words if word.startswith("--")}
        assert given <= options
        if name != "gate":  # it logs nothing, so it is no entry point of the project
            parameters = {each.removeprefix("--").replace("-", "_") for each in given}
            assert parameters <= {*project[name]["parameters"]}


def test_a_script_without_a_word_says_what_to_type() -> None:
    for words in ([], ["chek"]):
        done = subprocess.run(
            ["bash", str(SCRIPT), *words], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (2, "give check or promote\n")


class Runner:
    """A machine of a CI, with an empty folder, and a store that stays from job to job."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = f"sqlite:///{folder}/registry.db"
        tools = folder / "tools"
        tools.mkdir()
        (tools / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n', "utf-8")
        # GitHub's command is not here, and would need GitHub. It keeps what it was given.
        (tools / "gh").write_text('#!/bin/sh\necho "$@" > gh.txt\ncp comment.md posted.md\n')
        for tool in tools.iterdir():
            tool.chmod(0o755)
        make_raw(1500, seed=3).to_parquet(folder / "people.parquet", index=False)
        spec = {"source": str(folder / "people.parquet"), "target": "paid", "positive": "high"}
        spec["name"], spec["protected"] = "people", [{"column": "sex", "privileged": "Male"}]
        (folder / "people.yaml").write_text(yaml.safe_dump(spec), "utf-8")
        self.environment = {
            "HOME": str(folder),
            "PATH": f"{tools}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "DATA": str(folder / "people.yaml"),
            "MITIGATOR": "none",
            "NAME": "people",
            "MLFLOW_TRACKING_URI": self.store,
        }

    def shell(self, *words: str, **changes: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "--noprofile", "--norc", *words],
            cwd=self.folder,
            env=self.environment | changes,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def job(self, name: str, gate: str) -> tuple[int, str]:
        """Run the steps of a job until one fails; give its code and all output."""
        said = ""
        for step in steps(name):
            if "run" not in step or "pip install" in step["run"]:
                continue
            files = {
                f"GITHUB_{each}": f"{self.folder}/{each}" for each in ("OUTPUT", "STEP_SUMMARY")
            }
            more = {"GATE": gate, "NUMBER": "7", **files}
            done = self.shell("-eo", "pipefail", "-c", step["run"], **more)
            said += done.stdout
            if done.returncode:
                return done.returncode, said
        return 0, said

    def made(self) -> set[str]:
        return {path.name for path in self.folder.glob("*.md")}

    def champion(self) -> str:
        client = mlflow.MlflowClient(self.store, self.store)
        return str(client.get_model_version_by_alias("people", "champion").version)


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


@pytest.mark.slow
def test_a_pull_request_whose_gate_fails_gets_its_table_and_ends_with_4(runner: Runner) -> None:
    code, said = runner.job("gate", FAILING)
    assert code == 4, said
    assert (runner.folder / "OUTPUT").read_text("utf-8") == "written=yes\n"
    assert runner.job("comment", FAILING)[0] == 0
    posted = (runner.folder / "posted.md").read_text("utf-8")
    assert posted.startswith("### Fairness gate: fail\n")
    assert "| **failed** |" in posted
    assert posted == (runner.folder / "STEP_SUMMARY").read_text("utf-8")
    assert "comment 7 --edit-last" in (runner.folder / "gh.txt").read_text("utf-8")


@pytest.mark.slow
def test_a_merge_promotes_and_a_model_that_fails_does_not_replace_it(runner: Runner) -> None:
    code, said = runner.job("gate", PASSING)
    assert code == 0, said
    code, said = runner.job("promote", PASSING)
    assert code == 0, said
    assert runner.champion() == "1"
    code, said = runner.job("promote", FAILING)
    assert code == 4, said
    assert "accuracy>=0.99" in said
    assert runner.champion() == "1"


@pytest.mark.slow
def test_a_gate_that_cannot_be_read_has_no_table_and_ends_with_its_error(runner: Runner) -> None:
    code, said = runner.job("gate", "acuracy>=0.5")
    assert code == 2
    assert said.splitlines()[-1].startswith("error: ")
    assert runner.made() == set()
    assert not (runner.folder / "OUTPUT").exists()


@pytest.mark.slow
def test_the_script_does_the_same_without_github(runner: Runner) -> None:
    done = runner.shell(str(SCRIPT), "check", GATE=FAILING)
    assert done.returncode == 4, done.stdout
    assert "### Fairness gate: fail" in done.stdout
    assert runner.made() == {"comment.md"}
    done = runner.shell(str(SCRIPT), "check", GATE="acuracy>=0.5")
    assert done.returncode == 2, done.stdout
    done = runner.shell(str(SCRIPT), "promote", GATE=PASSING)
    assert done.returncode == 0, done.stdout
    assert runner.champion() == "1"
