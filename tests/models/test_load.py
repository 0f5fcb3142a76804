from __future__ import annotations

import os

import pytest

from fairrun.models.load import load_model
from tests.contract.conftest import Case

_BARS = "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"


@pytest.mark.parametrize(("given", "shown"), [(None, False), ("false", False), ("true", True)])
def test_loading_shows_progress_bars_only_to_who_wants_them(
    case: Case,
    given: str | None,
    shown: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv(_BARS, raising=False)
    if given is not None:
        monkeypatch.setenv(_BARS, given)
    load_model(f"runs:/{case.loaded.metadata.run_id}/model")
    assert ("Downloading artifacts" in capsys.readouterr().err) == shown
    assert os.environ.get(_BARS) == given
