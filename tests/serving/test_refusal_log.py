from __future__ import annotations

import logging

import pytest

from fairrun.serving import refusal_log
from fairrun.serving.refusal_log import RefusalLog


def test_a_flood_is_one_line_a_second_for_each_code(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = 0.0
    monkeypatch.setattr(refusal_log.time, "monotonic", lambda: now)
    log = RefusalLog(logging.getLogger("fairrun.tests"))
    with caplog.at_level(logging.INFO):
        for number in range(2500):
            now = number / 1000
            log.add(401, "unauthorized")
            log.add(415, "wrong_content_type", f"request {number}")
    assert caplog.messages == [
        "refused: 401 unauthorized",
        "request 0: 415 wrong_content_type",
        "refused: 401 unauthorized (999 more since the last line)",
        "request 1000: 415 wrong_content_type (999 more since the last line)",
        "refused: 401 unauthorized (999 more since the last line)",
        "request 2000: 415 wrong_content_type (999 more since the last line)",
    ]
