"""Stores for tests of promotions: SQLite, and a PostgreSQL server that is started for them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

__all__ = ["Databases", "postgres"]

#: Where Debian has the programs of the server.
_PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


class Databases:
    """A PostgreSQL server in a folder, whose databases have MLflow's tables."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0

    def uri(self, name: str) -> str:
        return f"postgresql+psycopg2://postgres@/{name}?host={self.folder}"

    def new(self) -> str:
        """Return the URI of a new database with MLflow's tables."""
        self.count += 1
        name = f"store{self.count}"
        self._ask(f"CREATE DATABASE {name} TEMPLATE empty")
        return self.uri(name)

    def make_empty(self) -> None:
        self._ask("CREATE DATABASE empty")
        # In a process of its own, because a template must have no connection.
        code = "import sys, mlflow; mlflow.MlflowClient(sys.argv[1]).search_experiments()"
        subprocess.run([sys.executable, "-c", code, self.uri("empty")], check=True)

    def _ask(self, statement: str) -> None:
        words = ["psql", "-h", str(self.folder), "-U", "postgres", "-q", "-c", statement]
        subprocess.run([str(_PROGRAMS[-1] / words[0]), *words[1:]], check=True)


@contextmanager
def postgres() -> Iterator[Databases]:
    """Start a PostgreSQL server; skip the test, with the reason, if that is not possible."""
    if not _PROGRAMS:
        pytest.skip("PostgreSQL is not in /usr/lib/postgresql: install Debian's postgresql")
    if find_spec("psycopg2") is None:
        pytest.skip("no driver: install psycopg2-binary into a folder and put it on PYTHONPATH")
    # The path of a socket has at most 107 characters, so pytest's folders are too long.
    with TemporaryDirectory(prefix="pg") as place:
        folder = Path(place)
        server: dict[str, Any] = {"check": True, "cwd": place}
        if os.geteuid() == 0:  # the server refuses to run as root
            shutil.chown(folder, "postgres")
            server |= {"user": "postgres", "group": "postgres", "extra_groups": []}
        data = ["-D", str(folder / "data")]
        initdb = [str(_PROGRAMS[-1] / "initdb"), *data, "-U", "postgres", "-A", "trust", "-N"]
        control = [str(_PROGRAMS[-1] / "pg_ctl"), *data, "-s", "-w"]
        settings = f"-k {folder} -c listen_addresses='' -c fsync=off -c max_connections=500"
        subprocess.run(initdb, stdout=subprocess.DEVNULL, **server)
        subprocess.run([*control, "-l", str(folder / "log"), "-o", settings, "start"], **server)
        try:
            found = Databases(folder)
            found.make_empty()
            yield found
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **server)
