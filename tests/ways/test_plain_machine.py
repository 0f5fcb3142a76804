"""The main job and a sample of the suite, under what a developer's machine may hide."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.ways.conftest import Caller, given

pytestmark = pytest.mark.slow

#: Tests of what reads files, text, times and numbers, and of what is saved.
SAMPLE = (
    *("tests/data", "tests/inference/test_formats.py", "tests/test_text.py"),
    *("tests/serving/test_requests.py", "tests/entrypoints/test_gate.py"),
)

#: A user without any right that root has.
_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
_NOBODY += ("--inh-caps=-all", "--bounding-set=-all")


@dataclass(frozen=True)
class Way:
    """How a machine differs from a developer's.

    Attributes
    ----------
    environment : dict of str to str
        Variables beside HOME and PATH.
    prefix : tuple of str
        Stands before the command.
    folder : str
        The name of the folder that holds the project.
    temporary : str or None
        A folder that temporary files are below, on another disk.
    home_mode : int
        What is allowed in HOME.
    """

    environment: dict[str, str] = field(default_factory=dict)
    prefix: tuple[str, ...] = ()
    folder: str = "project"
    temporary: str | None = None
    home_mode: int = 0o755


WAYS = {
    "nothing but HOME and PATH": Way(),
    "no UTF-8": Way({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    "another time zone": Way({"TZ": "Pacific/Chatham"}),
    "a terminal of 40 columns": Way({"TERM": "xterm", "COLUMNS": "40"}),
    "a terminal that can do nothing": Way({"TERM": "dumb", "NO_COLOR": "1"}),
    "continuous integration": Way({"CI": "true"}),
    "another order of hashes": Way({"PYTHONHASHSEED": "4242"}),
    "unbuffered, nothing compiled": Way({"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}),
    "compiled files elsewhere": Way({"PYTHONPYCACHEPREFIX": "/tmp/compiled"}),  # noqa: S108
    "one core": Way(prefix=("taskset", "-c", "0")),
    "files that only their owner reads": Way(prefix=("sh", "-c", 'umask 077; exec "$@"', "sh")),
    "temporary files on another disk": Way(temporary="/dev/shm"),  # noqa: S108
    "a path with blanks and accents": Way(folder="Žofie's  proj&t – 1"),
    "another user": Way(prefix=_NOBODY),
    "another user whose HOME is read-only": Way(prefix=_NOBODY, home_mode=0o555),
}


@pytest.fixture(params=list(WAYS))
def way(request: pytest.FixtureRequest) -> Way:
    way = WAYS[request.param]
    if way.prefix and shutil.which(way.prefix[0]) is None:
        pytest.skip(f"{way.prefix[0]} is not on PATH")
    if way.temporary is not None and not Path(way.temporary).is_dir():
        pytest.skip(f"there is no {way.temporary}")
    if way.prefix == _NOBODY:
        # Through a shell, as MLflow starts it: that user may not reach a Python in /root.
        tried = [*_NOBODY, "bash", "-c", f"'{sys.executable}' -c ''"]
        if os.geteuid() != 0 or subprocess.run(tried, check=False).returncode:
            pytest.skip("only root becomes another user, and that user must reach this Python")
    return way


@pytest.fixture
def there(way: Way, project: Path, tmp_path: Path) -> Caller:
    """Somebody at such a machine, with a copy of the project and its tests."""
    folder = tmp_path / way.folder
    shutil.copytree(project, folder)
    for name in ("tests", "scripts", "docs", "pyproject.toml", "README.md"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder)
    home = tmp_path / "home"
    home.mkdir()
    environment = {
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}",
    }
    if way.temporary is not None:
        elsewhere = Path(way.temporary) / tmp_path.name
        elsewhere.mkdir(exist_ok=True)
        environment["TMPDIR"] = str(elsewhere)
    if way.prefix == _NOBODY:
        for above in tmp_path.parents[:2]:  # pytest's own are closed to others
            above.chmod(0o755)
        for path in (tmp_path, *tmp_path.rglob("*")):
            os.chown(path, 65534, 65534)
    home.chmod(way.home_mode)
    store = f"sqlite:///{folder}/mlflow.db"
    return Caller(folder, store, "0", environment | way.environment)


def test_the_main_job(way: Way, there: Caller, about: dict[str, str]) -> None:
    data = there.folder.parent / "people.parquet"
    shutil.copy(about["data"], data)
    data.chmod(0o644)
    there.succeed(
        *(*way.prefix, "mlflow", "run", ".", "--env-manager", "local"),
        *given(mitigators="none,equalized_odds", **about | {"data": str(data)}),
    )
    assert list((there.folder / "mlruns").rglob("__pycache__")) == []


def test_a_sample_of_the_suite(way: Way, there: Caller) -> None:
    pytest_ = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow")
    output = there.succeed(*way.prefix, *pytest_, *SAMPLE)
    assert " passed" in output
