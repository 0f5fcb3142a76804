"""The texts of notices reach every process of the app, and are read once."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
from pathlib import Path

import pandas as pd
import pytest

from fairrun.errors import RequestError
from fairrun.models.saved import SavedModel
from fairrun.serving.answering import answer
from fairrun.serving.app import create_app
from fairrun.serving.counting import Counting
from fairrun.serving.limits import Limits
from fairrun.serving.reason_file import read_texts
from fairrun.serving.reason_texts import texts_for
from fairrun.serving.workers import Workers
from tests.contract.conftest import Case
from tests.serving.conftest import records, send
from tests.serving.test_workers import processes, until_replaced

_OPENING = "We have read your application – and could not approve it."


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "texts.yaml"
    path.write_text(
        f"columns: {{age: {{code: R1, text: Age}}}}\nsentences: {{opening: {_OPENING}}}\n", "utf-8"
    )
    return path


def test_every_process_has_the_texts_also_one_that_is_started_later(
    case: Case, saved: SavedModel, good: pd.DataFrame, file: Path
) -> None:
    document, body = read_texts(str(file)), json.dumps(records(good)).encode()
    expected = answer(saved, body, b"reasons=true", texts=texts_for(saved, document))
    assert _OPENING in json.dumps(json.loads(expected.body), ensure_ascii=False)
    file.unlink()

    async def asked() -> None:
        workers = Workers(case.folder, 1, Limits(), Counting(), document)
        await workers.start()
        try:
            assert await workers.ask(body, b"reasons=true") == expected
            (process,) = processes(workers)
            os.kill(process.pid, signal.SIGKILL)
            await until_replaced(workers, process)
            assert await workers.ask(body, b"reasons=true") == expected
        finally:
            await workers.stop()

    asyncio.run(asked())


def test_uvicorn_takes_the_file_from_the_environment(
    case: Case,
    good: pd.DataFrame,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    import fairrun.serving.app as module

    monkeypatch.setenv("FAIRRUN_MODEL", case.uri)
    monkeypatch.setenv("FAIRRUN_REASON_TEXTS", str(file))
    caplog.set_level(logging.WARNING)
    app = module.app
    said = [record.message for record in caplog.records]
    assert "reason_texts has no text for weight, job, gain; their names are used" in said
    (notice, *_) = filter(
        None, send(app, records(good), path="/predict?reasons=true").json()["reasons"]
    )
    assert notice["text"].startswith(_OPENING)
    examples = app.openapi()["paths"]["/predict"]["post"]["responses"]["200"]["content"]
    assert _OPENING in json.dumps(examples, ensure_ascii=False)


def test_texts_that_do_not_suit_the_model_end_the_start(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "texts.yaml"
    path.write_text("columns: {agee: {text: x}}", "utf-8")
    with pytest.raises(RequestError, match="'agee', which is no feature; did you mean age"):
        create_app(case.uri, reason_texts=str(path))
    with pytest.raises(RequestError, match="there"):
        create_app(case.uri, reason_texts=str(tmp_path / "not there.yaml"))
