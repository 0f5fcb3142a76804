from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from fairrun.errors import RequestError
from fairrun.serving.app import App, create_app
from fairrun.serving.security import check_host, is_loopback, token_of_environment
from fairrun.serving.webhook import secret_of_environment
from tests.contract.conftest import Case
from tests.serving.conftest import send

TOKEN = "correct horse battery staple"  # noqa: S105
PATHS = ["/predict", "/version", "/metrics", "/openapi.json", "/nothing"]
_FILES = ["page.css", "page.js", "swagger-ui.css", "swagger-ui-bundle.js"]
OPEN = ["/", "/health", "/docs", *(f"/docs/{name}" for name in _FILES)]


@pytest.fixture(scope="module")
def locked(case: Case) -> App:
    return create_app(case.uri, token=TOKEN)


@pytest.mark.parametrize(
    ("host", "said"),
    [
        *((host, True) for host in ("127.0.0.1", "127.8.0.1", "::1", "localhost")),
        *((host, False) for host in ("0.0.0.0", "::", "10.0.0.7", "example.org", "", "127.1")),  # noqa: S104
    ],
)
def test_loopback(host: str, said: bool) -> None:
    assert is_loopback(host) == said


def test_an_address_that_others_reach_needs_a_token() -> None:
    check_host("127.0.0.1", None)
    check_host("0.0.0.0", TOKEN)  # noqa: S104
    with pytest.raises(RequestError, match="set FAIRRUN_TOKEN"):
        check_host("0.0.0.0", None)  # noqa: S104


def test_the_token_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for value, token in ((None, None), ("", None), (TOKEN, TOKEN)):
        monkeypatch.delenv("FAIRRUN_TOKEN", raising=False)
        if value is not None:
            monkeypatch.setenv("FAIRRUN_TOKEN", value)
        assert token_of_environment() == token
    monkeypatch.setenv("FAIRRUN_TOKEN", "hunter2")
    with pytest.raises(RequestError, match="fewer than 16 characters") as raised:
        token_of_environment()
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("read", [token_of_environment, secret_of_environment])
@pytest.mark.parametrize("wrong", [b"\xff\xfe", b"\n", b"\t"])
def test_a_secret_that_cannot_be_sent(
    read: Callable[[], str | None], wrong: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes that are no UTF-8 ended the server with a traceback."""
    for variable in ("FAIRRUN_TOKEN", "FAIRRUN_WEBHOOK_SECRET"):
        monkeypatch.setenv(variable, os.fsdecode(b"0123456789abcdef" + wrong))
    with pytest.raises(RequestError, match="cannot be printed") as raised:
        read()
    assert "0123" not in str(raised.value)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "given", [None, "", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer ", f"bearer {TOKEN}"]
)
def test_without_the_token_nothing_is_said(locked: App, path: str, given: str | None) -> None:
    headers = {} if given is None else {"authorization": given}
    response = send(locked, [], path, headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json()["error"]["code"] == "unauthorized"


def test_with_the_token_all_is_answered(locked: App) -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}
    assert send(locked, [], headers=headers).status_code == 200
    for path in PATHS[1:-1]:
        assert send(locked, path=path, method="GET", headers=headers).status_code == 200


@pytest.mark.parametrize("path", OPEN)
def test_probes_and_the_page_that_asks_for_the_token_are_open(locked: App, path: str) -> None:
    response = send(locked, path=path, method="GET")
    assert response.status_code == (307 if path == "/" else 200)


@pytest.mark.parametrize("path", [*PATHS, *OPEN])
def test_without_a_token_only_loopback_is_answered(app: App, path: str) -> None:
    response = send(app, [], path, address="http://10.0.0.7")
    assert response.status_code == 403
    assert response.json()["error"]["code"] == "forbidden"


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil.example"),
        *("", "0.0.0.0", "10.0.0.7:8000", "[::2]", "127.0.0.1:8000@evil.example"),  # noqa: S104
        "a" * 300,
    ],
)
def test_without_a_token_a_website_cannot_take_the_place_of_this_machine(
    app: App, locked: App, host: str
) -> None:
    """A page of evil.example whose name points to 127.0.0.1 sends this ("DNS rebinding")."""
    response = send(app, [], headers={"host": host})
    assert response.status_code == 403
    assert response.json()["error"]["code"] == "forbidden"
    assert "127.0.0.1 or localhost, or set FAIRRUN_TOKEN" in response.text
    bearer = {"authorization": f"Bearer {TOKEN}"}
    assert send(locked, [], headers=bearer | {"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8000", "127.0.0.1:1", "127.8.0.1", "[::1]:8000", "a.localhost"]
)
def test_names_of_this_machine_are_answered(app: App, host: str) -> None:
    assert send(app, [], headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        *("Forwarded: for=10.0.0.7", "Via: 1.1 proxy", "X-Real-IP: 10.0.0.7"),
        *("X-Forwarded-For: 10.0.0.7", "X-Forwarded-Proto: https"),
    ],
)
def test_a_proxy_needs_a_token(app: App, locked: App, header: str) -> None:
    name, _, value = header.partition(": ")
    response = send(app, [], headers={name: value})
    assert response.status_code == 403
    assert "came through a proxy" in response.text
    bearer = {"authorization": f"Bearer {TOKEN}"}
    assert send(locked, [], headers=bearer | {name: value}).status_code == 200


def test_two_hosts_are_refused(app: App) -> None:
    scope = {"headers": [(b"host", b"127.0.0.1"), (b"host", b"evil.example")], "server": None}
    refused = app.guard.refusal(scope)
    assert refused is not None
    assert (refused.status, refused.code) == (400, "not_http")


def test_a_unix_domain_socket_is_of_this_machine(app: App) -> None:
    scope = {"headers": [(b"host", b"localhost")], "server": ("/run/fairrun.sock", None)}
    assert app.guard.refusal(scope) is None


def test_another_address_is_answered_with_the_token(locked: App) -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}
    assert send(locked, [], headers=headers, address="http://10.0.0.7").status_code == 200
