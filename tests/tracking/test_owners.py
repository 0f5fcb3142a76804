"""A run is left over only if the very process that worked on it has ended."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from fairrun.tracking import owners
from fairrun.tracking.names import PROCESS_HOST, PROCESS_ID, PROCESS_START
from fairrun.tracking.owners import is_gone, process_tags

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")


def test_a_process_that_ends_is_gone() -> None:
    """It is gone from its death on, also before somebody waits for it."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        tags = process_tags() | {PROCESS_ID: str(process.pid)}
        tags[PROCESS_START] = owners._start(process.pid)
        assert not is_gone(tags)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert is_gone(tags)
    assert is_gone(tags)


def test_a_number_that_is_used_again_is_another_process() -> None:
    mine = process_tags()
    boot, _, ticks = mine[PROCESS_START].partition("/")
    assert is_gone(mine | {PROCESS_START: f"{boot}/{int(ticks) - 1}"})
    assert is_gone(mine | {PROCESS_START: f"another-boot/{ticks}"})


@pytest.mark.parametrize("unknown", [PROCESS_HOST, PROCESS_ID])
def test_what_is_unknown_is_not_gone(unknown: str) -> None:
    dead = process_tags() | {PROCESS_START: "another-boot/1"}
    assert is_gone(dead)
    assert not is_gone(dead | {unknown: "other"})
    assert not is_gone({name: text for name, text in dead.items() if name != unknown})


def test_the_same_name_is_not_the_same_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container sees other processes; one without a machine id is known by its boot alone."""
    here, files = owners.host(), {"/etc/machine-id": "0a1b", "/proc/sys/kernel/random/boot_id": "b"}
    named = []
    monkeypatch.setattr(owners, "_text", files.get)
    for link, machine, boot in (
        (owners._NO_CONTAINER, "0a1b", "b"),
        (owners._NO_CONTAINER, "0a1b", "c"),
        (owners._NO_CONTAINER, "", "b"),
        ("pid:[1]", "0a1b", "b"),
        ("pid:[2]", "0a1b", "b"),
        ("pid:[2]", "0a1b", "c"),
    ):
        monkeypatch.setattr(owners, "_link", lambda _, link=link: link)
        monkeypatch.setattr(owners, "_boot", lambda boot=boot: boot)
        files["/etc/machine-id"] = machine
        named.append(owners.host.__wrapped__())
    assert named[0] == named[1], "a machine that was started anew is the same"
    assert len({here, *named}) == 6
