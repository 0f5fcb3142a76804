"""The handler of `POST /webhook`, where MLflow says that something in its registry has changed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
from starlette.types import Receive, Scope, Send

from fairrun.serving.errors import NO_METHOD, Refused
from fairrun.serving.limits import Budget, ClientDisconnect, Limits, read_body
from fairrun.serving.refusal_log import RefusalLog
from fairrun.serving.responses import send_json, send_refusal
from fairrun.serving.security import secret_of

__all__ = ["SECRET_VARIABLE", "Webhook", "secret_of_environment"]

_logger = logging.getLogger(__name__)

SECRET_VARIABLE = "FAIRRUN_WEBHOOK_SECRET"  # noqa: S105 - the name of the variable

#: The largest body of an event. The text of a description makes the largest one.
_BODY_BYTES = 2**18
#: The largest size of the bodies of all events together.
_ALL_BYTES = 2**22
#: How far the clock of a signature may be from ours, in seconds.
_SECONDS = 300.0
#: The longest id of a delivery. MLflow's have 36 characters.
_LONGEST_ID = 128

_SIGNATURE, _DELIVERY, _TIME = (
    b"x-mlflow-signature",
    b"x-mlflow-delivery-id",
    b"x-mlflow-timestamp",
)
_VERSION = b"v1,"

_UNSIGNED = Refused(
    403, f"the signature is missing or wrong; sign with the secret in {SECRET_VARIABLE}"
)
_OLD = Refused(403, f"the time is more than {_SECONDS:.0f} seconds from ours; check the clocks")
_AGAIN = Refused(403, "this delivery was received before; send a new one")
_NO_EVENT = Refused(400, "the body is no event of MLflow in JSON")


def secret_of_environment() -> str | None:
    """Read the secret from `FAIRRUN_WEBHOOK_SECRET`; None if it is not set.

    Raises
    ------
    RequestError
        If the secret is too short, or is no text; see `secret_of`.
    """
    return secret_of(SECRET_VARIABLE)


class Webhook:
    """The handler of `POST /webhook`, as a plain ASGI app.

    A request needs no token and may come from anywhere, because it is signed. Its signature is the
    one of MLflow: HMAC-SHA256 over the id of the delivery, the time and the body. An event about
    the registered model lets the app look at its alias. Nothing else of the event is used.

    Parameters
    ----------
    secret : str
        The secret of the webhook.
    name : str
        The name of the registered model.
    look_soon : callable
        Lets the app look at the alias.
    limits : Limits
        The limits of the app.
    """

    def __init__(
        self, secret: str, name: str, look_soon: Callable[[], None], limits: Limits
    ) -> None:
        self._secret, self._name, self._look_soon = secret.encode(), name, look_soon
        self._limits = replace(limits, body_bytes=min(_BODY_BYTES, limits.body_bytes))
        self._budget = Budget(_ALL_BYTES)
        self._refusals = RefusalLog(_logger)
        #: The deliveries of the last minutes, with the time until which they count as repeated.
        self._received: dict[bytes, float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check one request, and look at the alias if it is about the model."""
        try:
            if scope["method"] != "POST":
                raise NO_METHOD
            signature, delivery, when = _signed(scope)
            with self._budget.share() as share:
                body = await read_body(scope, receive, self._limits, share)
                self.check(signature, delivery, when, body, time.time())
                about = _name_in(body)
            if about == self._name:
                self._look_soon()
            status = b"looking" if about == self._name else b"ignored"
            await send_json(202, b'{"status":"%b"}' % status, send)
        except Refused as refused:
            self._refusals.add(refused.status, refused.code, "webhook")
            await send_refusal(refused, receive, send)
        except ClientDisconnect:
            pass

    def check(
        self, signature: bytes, delivery: bytes, when: bytes, body: bytes, now: float
    ) -> None:
        """Check the signature of a request, and that it is neither old nor repeated.

        Parameters
        ----------
        signature, delivery, when : bytes
            The headers of the request.
        body : bytes
            Its body.
        now : float
            The present time, in seconds since 1970.

        Raises
        ------
        Refused
            With status 403 if the request is not MLflow's, is old, or was received before.
        """
        signed = b".".join((delivery, when, body))
        expected = hmac.new(self._secret, signed, hashlib.sha256).digest()
        if not signature.startswith(_VERSION):
            raise _UNSIGNED
        try:
            given = base64.b64decode(signature[len(_VERSION) :], validate=True)
        except binascii.Error:
            raise _UNSIGNED from None
        if not hmac.compare_digest(given, expected):
            raise _UNSIGNED
        # Only a request with the right signature gets here, so strangers cannot fill the memory.
        if not (when.isdigit() and len(when) <= 12 and abs(int(when) - now) <= _SECONDS):
            raise _OLD
        self._received = {key: until for key, until in self._received.items() if until >= now}
        if delivery in self._received:
            raise _AGAIN
        self._received[delivery] = int(when) + _SECONDS


def _signed(scope: Scope) -> tuple[bytes, bytes, bytes]:
    """Return the three headers of a signature; raise Refused if one is missing or there twice."""
    found = []
    for wanted in (_SIGNATURE, _DELIVERY, _TIME):
        values = [value for name, value in scope["headers"] if name == wanted]
        if len(values) != 1 or not values[0]:
            raise _UNSIGNED
        found.append(values[0])
    signature, delivery, when = found
    if len(delivery) > _LONGEST_ID:
        raise _UNSIGNED
    return signature, delivery, when


def _name_in(body: bytes) -> str | None:
    """Return the name of the registered model that an event is about; None if it has none."""
    try:
        event: Any = orjson.loads(body)
        data = event["data"]
        name = data.get("name")
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        raise _NO_EVENT from None
    return name if isinstance(name, str) else None
