"""`mlflow run git://…`: from a clone that MLflow makes, from any folder."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ways.conftest import Caller, files, free_port, given, running


@pytest.fixture
def repository(
    project: Path, tmp_path: Path, environment: dict[str, str]
) -> Iterator[tuple[str, str]]:
    """A bare repository behind `git daemon`: its URL, and the hash of its commit."""
    if shutil.which("git") is None:
        pytest.skip("git is not on PATH")

    def git(*arguments: object) -> str:
        command = ["git", *map(str, arguments)]
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    if not (Path(git("--exec-path")) / "git-daemon").exists():
        pytest.skip("this git has no git daemon")
    work, served = tmp_path / "work", tmp_path / "served"
    shutil.copytree(project, work)
    identity = ("-c", "user.name=nobody", "-c", "user.email=nobody@localhost")
    git("init", "-q", work)
    git("-C", work, "add", ".")
    git("-C", work, *identity, "commit", "-q", "-m", "All")
    git("clone", "-q", "--bare", work, served / "fairrun.git")
    port = free_port()
    daemon = ["git", "daemon", "--export-all", f"--base-path={served}"]
    daemon += ["--listen=127.0.0.1", f"--port={port}"]
    with running(daemon, port, tmp_path, environment):
        yield f"git://127.0.0.1:{port}/fairrun.git", git("-C", work, "rev-parse", "HEAD")


def test_a_commit_of_a_git_url(
    caller: Caller, repository: tuple[str, str], about: dict[str, str], tmp_path: Path
) -> None:
    url, commit = repository
    clones = tmp_path / "clones"
    clones.mkdir()
    caller.succeed(
        *("mlflow", "run", url, "-v", commit, "-e", "train", "--env-manager", "local"),
        *given(mitigator="reweighing", **about),
        TMPDIR=str(clones),
    )
    (train,) = caller.runs()
    assert train.info.status == "FINISHED"
    assert train.data.tags["mlflow.source.git.commit"] == commit
    assert train.data.tags["mlflow.project.entryPoint"] == "train"
    assert any(name.endswith("counts.json") for name in files(tmp_path / "artifacts"))

    assert files(caller.folder) == set()
    (clone,) = (path.parent for path in clones.glob("*/MLproject"))
    assert caller.succeed("git", "-C", clone, "status", "--porcelain") == ""
