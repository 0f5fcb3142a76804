from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from mlflow.entities.webhook import Webhook as MlflowWebhook
from mlflow.entities.webhook import WebhookAction, WebhookEntity, WebhookEvent, WebhookStatus
from mlflow.webhooks import delivery
from mlflow.webhooks.delivery import _generate_hmac_signature
from starlette.types import Message

from fairrun.data import Dataset
from fairrun.errors import RequestError
from fairrun.serving.app import App, create_app
from fairrun.serving.errors import Refused
from fairrun.serving.limits import Limits
from fairrun.serving.webhook import SECRET_VARIABLE, Webhook, secret_of_environment
from tests.conftest import ROOT
from tests.contract.conftest import Case
from tests.serving.registry import FIRST, WRONG, Asked, Registry, asked, make_registry
from tests.serving.test_security import TOKEN

SECRET = "a secret of the webhook"  # noqa: S105
OTHER = "another secret of it"
NOW = 1_800_000_000
EVENT = {
    "entity": "model_version_alias",
    "action": "created",
    "data": {"name": "told", "alias": "champion", "version": "3"},
}


def webhook(look: Callable[[], None] = lambda: None) -> Webhook:
    return Webhook(SECRET, "told", look, Limits())


def sign(body: str, when: int = NOW, delivery: str = "id", secret: str = SECRET) -> dict[str, str]:
    """The headers as MLflow writes them, with its own code."""
    return {
        "X-MLflow-Signature": _generate_hmac_signature(secret, delivery, str(when), body),
        "X-MLflow-Delivery-Id": delivery,
        "X-MLflow-Timestamp": str(when),
    }


def ask(handler: Webhook, headers: dict[str, str], body: bytes, method: str = "POST") -> Any:
    """The status and the content of an answer, without a server."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    async def send(message: Message) -> None:
        sent.append(message)

    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": "/webhook", "headers": raw}
    asyncio.run(handler(scope, receive, send))
    return sent[0]["status"], json.loads(b"".join(each.get("body", b"") for each in sent))


def check(handler: Webhook, headers: dict[str, str], body: bytes, now: float = NOW) -> None:
    signature, delivery, when = (value.encode("latin-1") for value in headers.values())
    handler.check(signature, delivery, when, body, now)


def refusal(handler: Webhook, headers: dict[str, str], body: bytes, now: float = NOW) -> str:
    with pytest.raises(Refused) as refused:
        check(handler, headers, body, now)
    assert refused.value.status == 403
    return str(refused.value)


def test_an_event_about_the_model_lets_the_app_look() -> None:
    looks: list[bool] = []
    handler = webhook(lambda: looks.append(True))
    now = int(time.time())
    for number, (event, status) in enumerate(
        [
            (EVENT, "looking"),
            (EVENT | {"data": {"name": "another"}}, "ignored"),
            (EVENT | {"data": {"name": ["told"]}}, "ignored"),
        ]
    ):
        body = json.dumps(event)
        answered = ask(handler, sign(body, now, f"id {number}"), body.encode())
        assert answered == (202, {"status": status})
    assert looks == [True]


@pytest.mark.parametrize("body", ["", "{", "[]", "3", '{"data": null}', '{"data": []}', "{}"])
def test_a_signed_body_that_is_no_event_is_refused(body: str) -> None:
    handler = webhook(pytest.fail)
    status, said = ask(handler, sign(body, int(time.time())), body.encode())
    assert (status, said["error"]["message"]) == (400, "the body is no event of MLflow in JSON")


def test_a_wrong_signature_an_old_time_and_a_repeated_delivery_are_refused() -> None:
    handler = webhook()
    for headers in (
        sign("{}", secret=OTHER),
        sign("{ }"),
        sign("{}") | {"X-MLflow-Signature": "v1,"},
        sign("{}") | {"X-MLflow-Signature": "v1,é"},
        sign("{}") | {"X-MLflow-Signature": sign("{}")["X-MLflow-Signature"][3:]},
        sign("{}") | {"X-MLflow-Signature": "v2" + sign("{}")["X-MLflow-Signature"][2:]},
    ):
        assert refusal(handler, headers, b"{}").startswith("the signature is missing or wrong")
    for when in (NOW - 301, NOW + 301, -NOW, 10**13):
        assert refusal(handler, sign("{}", when), b"{}").startswith("the time is more than 300")
    signed = sign("{}", NOW - 290)
    check(handler, signed, b"{}")
    assert refusal(handler, signed, b"{}", NOW + 9).startswith("this delivery was received before")
    assert refusal(handler, signed, b"{}", NOW + 11).startswith("the time is more than 300")


@given(place=st.integers(0, 2**16), new=st.integers(0, 255), which=st.integers(0, 3))
def test_no_signature_fits_anything_else(place: int, new: int, which: int) -> None:
    """A byte of the signature, the id, the time or the body is another one."""
    body = json.dumps(EVENT)
    parts = [
        *(bytearray(value, "ascii") for value in sign(body).values()),
        bytearray(body, "ascii"),
    ]
    same = parts[which][place % len(parts[which])] == new
    parts[which][place % len(parts[which])] = new
    signature, delivery, when, sent = map(bytes, parts)
    if same:
        webhook().check(signature, delivery, when, sent, NOW)
        return
    with pytest.raises(Refused):
        webhook().check(signature, delivery, when, sent, NOW)


def test_deliveries_are_forgotten_when_they_are_too_old_to_be_repeated() -> None:
    handler = webhook()
    for number in range(100):
        when = NOW + 60 * number
        check(handler, sign("{}", when, f"id {number}"), b"{}", when)
        assert len(handler._received) <= 6


def test_headers_that_are_missing_or_there_twice_and_other_methods(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    handler = webhook(pytest.fail)
    signed = sign("{}", int(time.time()))
    for name in signed:
        without = {key: value for key, value in signed.items() if key != name}
        assert ask(handler, without, b"{}")[0] == 403
        assert ask(handler, signed | {name: ""}, b"{}")[0] == 403
        assert ask(handler, signed | {name.upper(): signed[name]}, b"{}")[0] == 403
    assert ask(handler, signed, b"{}", method="GET")[0] == 405
    assert ask(handler, signed | {"Content-Length": "300000"}, b"{}")[0] == 413
    assert ask(handler, signed, b" " * 300_000)[0] == 413
    assert "webhook: 403 forbidden" in caplog.text
    assert SECRET not in caplog.text
    assert signed["X-MLflow-Signature"] not in caplog.text


@pytest.mark.parametrize("secret", ["", "short", SECRET])
def test_the_secret_of_the_environment(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET_VARIABLE, secret)
    if 0 < len(secret) < 16:
        with pytest.raises(RequestError, match="has fewer than 16 characters") as refused:
            secret_of_environment()
        assert secret not in str(refused.value)
    else:
        assert secret_of_environment() == (secret or None)


@pytest.fixture(scope="module")
def registry(case: Case, people: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return make_registry("told", case, case, tmp_path_factory.mktemp("told"))


@pytest.fixture(scope="module")
def app(registry: Registry) -> App:
    return create_app(registry.uri, processes=1, poll=0, token=TOKEN, webhook_secret=SECRET)


@pytest.fixture(scope="module")
def running(app: App) -> Iterator[Asked]:
    with asked(app) as running:
        yield running


def state(app: App) -> Any:
    """What /version says, which needs the token."""
    found = [route for route in app.routes if getattr(route, "path", "") == "/version"]
    return asyncio.run(found[0].endpoint())  # type: ignore[attr-defined]


def wait_for_refusals(app: App, number: int) -> None:
    text = f"fairrun_model_refusals_total {number}.0"
    for _ in range(3000):
        if text in app.predict.counting.text().decode():
            return
        time.sleep(0.01)
    raise AssertionError(state(app))


def test_mlflow_itself_can_deliver(
    running: Asked, app: App, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a token and a poll: only the webhook tells of the change."""
    monkeypatch.setenv("MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS", "true")
    monkeypatch.setenv("MLFLOW_WEBHOOK_ALLOWED_SCHEMES", "http")
    event = WebhookEvent(WebhookEntity.MODEL_VERSION_ALIAS, WebhookAction.CREATED)

    def tell(secret: str = SECRET, **data: str) -> requests.Response:
        target = MlflowWebhook(
            "id",
            "name",
            f"{running.address}/webhook",
            [event],
            0,
            0,
            secret=secret,
            status=WebhookStatus.ACTIVE,
        )
        payload: Any = EVENT["data"] | data  # type: ignore[operator]
        session = delivery._create_webhook_session()
        with session:
            return delivery._send_webhook_request(target, payload, event, session)

    registry.point_to(WRONG)
    assert tell(secret=OTHER).status_code == 403
    assert tell(name="another").json() == {"status": "ignored"}
    assert state(app)["refused"] is None
    assert tell().json() == {"status": "looking"}
    wait_for_refusals(app, 1)
    assert state(app)["refused"]["version"] == WRONG
    assert tell().status_code == 202  # A version that was refused is tried again.
    wait_for_refusals(app, 2)
    assert state(app)["version"] == FIRST
    assert requests.get(f"{running.address}/version", timeout=30).status_code == 401


def test_the_command_of_the_docs_signs_as_mlflow_does() -> None:
    page = (ROOT / "docs" / "serving.md").read_text("utf-8")
    script = page.partition("```bash\nsecret=")[2].partition("```")[0]
    assert "openssl" in script
    printed = script.replace("curl", 'printf "%s\\n"')
    done = subprocess.run(
        ["bash", "-c", f"secret={printed}"],
        capture_output=True,
        text=True,
        check=True,
        env={"FAIRRUN_WEBHOOK_SECRET": SECRET, "PATH": "/usr/bin:/bin"},
    )
    lines = done.stdout.splitlines()
    headers = dict(line.split(": ", 1) for line in lines if line.startswith("X-MLflow-"))
    (body,) = [line for line in lines if line.startswith("{")]
    assert headers == sign(
        body, int(headers["X-MLflow-Timestamp"]), headers["X-MLflow-Delivery-Id"]
    )


def test_without_a_secret_or_an_alias_there_is_no_webhook(
    case: Case, registry: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert create_app(registry.uri).webhook is None
        assert caplog.text == ""
        assert create_app(case.uri, webhook_secret=SECRET).webhook is None
    assert f"{SECRET_VARIABLE} is not used, because model={case.uri} names no alias" in caplog.text
    assert SECRET not in caplog.text
