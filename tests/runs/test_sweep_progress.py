from __future__ import annotations

import io
import os
import sys

import pytest

from fairrun.runs.sweep_progress import Progress


class Clock:
    """A clock that goes on by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    caplog.set_level("INFO")


def test_a_log_has_a_line_after_the_first_trial_and_then_one_a_minute(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with Progress(60, 10, clock) as progress:
        for number in range(20):  # 100 s
            clock.now += 5
            progress.ended("failed" if number == 3 else "complete", lambda: "best accuracy 0.8")
    assert caplog.messages == [
        "11 of 60 trials; best accuracy 0.8",
        "23 of 60 trials; best accuracy 0.8; about 3 min 5 s left",
        "tried 20 trials in 1 min 40 s: 19 complete, 1 failed",
    ]


def test_a_search_that_is_interrupted_has_no_line_about_its_end(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    def interrupted() -> None:
        with Progress(3, 0, clock) as progress:
            progress.ended("complete", lambda: "best accuracy 0.8")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert caplog.messages == ["1 of 3 trials; best accuracy 0.8"]


@pytest.mark.parametrize(("size", "lines"), [((120, 40), 0), ((0, 0), 1), ((150, 0), 1)])
def test_a_terminal_has_a_bar_if_it_has_a_size(
    size: tuple[int, int], lines: int, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    """The terminal of a container can have none, and a bar could not be seen there."""

    class Terminal(io.StringIO):
        def fileno(self) -> int:
            return 2

    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setattr(os, "get_terminal_size", lambda _: os.terminal_size(size))
    said: list[str] = []
    monkeypatch.setattr("fairrun.runs.sweep_progress._logger.info", lambda *a: said.append(a[0]))
    with Progress(3, 0, clock) as progress:
        progress.ended("complete", lambda: "best accuracy 0.8")
    assert len(said) == lines + 1  # and the line of the end
    assert ("1/3" in shown.getvalue()) == (not lines)
