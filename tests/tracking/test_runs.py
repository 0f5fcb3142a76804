"""The commands that a run prints."""

from __future__ import annotations

from pathlib import Path

import mlflow
import pytest

from fairrun.tracking.runs import mlflow_ui


@pytest.mark.parametrize(
    ("uri", "command"),
    [
        ("sqlite:///{here}/mlflow.db", "mlflow ui"),
        ("sqlite:////a b/x.db", "mlflow ui --backend-store-uri 'sqlite:////a b/x.db'"),
        ("postgresql://me:secret@host/db", "mlflow ui --backend-store-uri URI"),
        ("http://127.0.0.1:5000", "open the tracking server in a browser"),
    ],
)
def test_the_command_that_shows_the_runs_names_the_database_and_no_password(
    uri: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mlflow, "get_tracking_uri", lambda: uri.format(here=Path.cwd()))
    assert mlflow_ui() == command
