"""An interrupt waits, and comes."""

from __future__ import annotations

import signal
import time
import types
from collections.abc import Iterator

import pytest

from fairrun.tracking.interrupts import Interrupted, interruptible, uninterrupted


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Hear Ctrl-C, which a process that was started in the background does not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_an_interrupt_waits_for_the_end_of_the_block() -> None:
    written = []

    def write() -> None:
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            written.append("whole")

    with pytest.raises(KeyboardInterrupt):
        write()
    assert written == ["whole"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_without_one_nothing_is_raised() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with uninterrupted():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_an_error_is_not_lost() -> None:
    with pytest.raises(ValueError, match="broken"), uninterrupted():
        raise ValueError("broken")


SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_an_exception_with_the_exit_code_of_a_shell(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(Interrupted, match=number.name) as raised, interruptible():
        signal.raise_signal(number)
    assert raised.value.exit_code == 128 + number
    assert signal.getsignal(number) is before


def test_a_signal_that_was_ignored_stays_ignored() -> None:
    """`nohup` lets a process ignore the end of its terminal."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_signal_in_a_transaction_comes_after_it() -> None:
    """An exception in a transaction would leave a database locked."""
    done: list[str] = []
    transaction = types.ModuleType("sqlalchemy.engine")
    code = "def run(raise_signal, number): raise_signal(number); done.append('whole')"
    transaction.__dict__["done"] = done
    exec(code, transaction.__dict__)  # noqa: S102  a function of a module of that name

    def work() -> None:
        transaction.run(signal.raise_signal, signal.SIGTERM)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            time.sleep(0.01)

    with pytest.raises(Interrupted), interruptible():
        work()
    assert done == ["whole"]
