from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from starlette.types import Message, Receive

from fairrun.serving.errors import Refused
from fairrun.serving.limits import Budget, ClientDisconnect, Limits, drain, read_body

LIMITS = Limits(body_bytes=100, body_seconds=0.02)
MORE: Message = {"type": "http.request", "body": b"x" * 10, "more_body": True}
LAST: Message = {"type": "http.request", "body": b"y"}
GONE: Message = {"type": "http.disconnect"}


def receiving(messages: Iterable[Message]) -> Receive:
    """Give messages; wait for ever after the last."""
    left = iter(messages)

    async def receive() -> Message:
        for message in left:
            return message
        await asyncio.Event().wait()
        raise AssertionError

    return receive


def read(messages: Iterable[Message], budget: Budget | None = None, **headers: str) -> bytes:
    told = {"content-type": "application/json"} | {k.replace("_", "-"): headers[k] for k in headers}
    scope: Any = {"headers": [(k.encode(), v.encode()) for k, v in told.items()]}

    async def main() -> bytes:
        with (budget or Budget(1000)).share() as share:
            return await read_body(scope, receiving(messages), LIMITS, share)

    return asyncio.run(main())


def test_a_body_in_parts() -> None:
    assert read([LAST]) == b"y"
    assert read([MORE, MORE, LAST]) == b"x" * 20 + b"y"
    assert read([MORE] * 9 + [{"type": "http.request", "body": b"z" * 10}]) == b"x" * 90 + b"z" * 10


@pytest.mark.parametrize(
    ("status", "messages", "headers"),
    [
        (413, [MORE] * 9 + [MORE, LAST], {}),
        (413, [], {"content_length": "101"}),
        (413, [], {"content_length": "9" * 30}),
        (408, [], {}),
        (408, [MORE], {}),
        (408, [MORE], {"content_length": "20"}),
    ],
)
def test_too_large_or_too_slow(
    status: int, messages: list[Message], headers: dict[str, str]
) -> None:
    budget = Budget(1000)
    with pytest.raises(Refused) as raised:
        read(messages, budget, **headers)
    assert raised.value.status == status
    assert budget.held == 0


def test_a_body_that_never_ends_is_not_read_for_ever() -> None:
    def for_ever() -> Iterable[Message]:
        while True:
            yield MORE

    with pytest.raises(Refused) as raised:
        read(for_ever())
    assert raised.value.status == 413


def test_a_client_that_goes_away() -> None:
    with pytest.raises(ClientDisconnect):
        read([MORE, GONE])


def test_all_requests_share_a_budget() -> None:
    budget = Budget(60)
    with budget.share() as other:
        other.take(50)
        assert read([{"type": "http.request", "body": b"x" * 10}], budget) == b"x" * 10
        with pytest.raises(Refused) as raised:
            read([MORE, LAST], budget)
        assert raised.value.status == 503
        assert budget.held == 50
    assert budget.held == 0
    assert read([MORE, LAST], budget) == b"x" * 10 + b"y"


def test_large_bodies_leave_room_for_small_ones() -> None:
    """Four bodies that arrived slowly kept out single rows for 30 seconds."""
    budget = Budget(80, small=10)
    with budget.share() as large, budget.share() as small, budget.share() as other:
        large.take(70)
        small.take(10)
        with pytest.raises(Refused):
            other.take(1)
    with budget.share() as large, pytest.raises(Refused):
        large.take(71)


def test_draining_ends_with_the_body_the_client_or_the_time() -> None:
    asyncio.run(drain(receiving([MORE, LAST])))
    asyncio.run(drain(receiving([MORE, GONE])))
    asyncio.run(drain(receiving([MORE]), seconds=0.01))
