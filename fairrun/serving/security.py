"""Who may ask: anyone on this machine, elsewhere whoever has the token."""

from __future__ import annotations

import hmac
import ipaddress
import os
from contextlib import suppress
from functools import cache

from starlette.types import Scope

from fairrun.errors import RequestError
from fairrun.serving.errors import Refused

__all__ = ["Guard", "check_host", "is_loopback", "token_of_environment"]

TOKEN_VARIABLE = "FAIRRUN_TOKEN"  # noqa: S105 - the name of the variable

_SHORTEST = 16
#: What says nothing about the model: probes, and the page that asks for the token.
_OPEN = ("/health", "/ready", "/docs")


@cache
def is_loopback(host: str) -> bool:
    """Tell whether an address is reached from this machine alone.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def token_of_environment() -> str | None:
    """Read the token; None where there is none.

    Raises
    ------
    RequestError
        If it is short enough to be guessed.
    """
    token = os.environ.get(TOKEN_VARIABLE) or None
    if token is not None and len(token) < _SHORTEST:
        raise RequestError(
            f"{TOKEN_VARIABLE} has fewer than {_SHORTEST} characters; give a longer one"
        )
    return token


def check_host(host: str, token: str | None) -> None:
    """Refuse an address that others reach, without a token that they must have.

    Raises
    ------
    RequestError
        If there is none.
    """
    if token is None and not is_loopback(host):
        raise RequestError(
            f"host={host} is reached from other machines; set {TOKEN_VARIABLE} to a secret that "
            "clients send as a bearer token, or leave host at 127.0.0.1"
        )


class Guard:
    """Lets a request pass that has the token; without one, a request that came by loopback.

    Parameters
    ----------
    token : str or None
        The secret.
    """

    def __init__(self, token: str | None) -> None:
        self.expected = None if token is None else f"Bearer {token}".encode()

    def refusal(self, scope: Scope) -> Refused | None:
        """Say why a request may not pass, with 401 or 403; None if it may."""
        if self.expected is None:
            # However the server was bound: this is the address that the client has reached; there
            # is none where it is a socket of this machine's file system.
            server = scope.get("server")
            if server is None or is_loopback(server[0]):
                return None
            return Refused(403, f"{TOKEN_VARIABLE} is not set: only this machine is answered")
        if scope["path"] in _OPEN or scope["path"].startswith("/docs/"):
            return None
        given = dict(scope["headers"]).get(b"authorization", b"")
        if hmac.compare_digest(given, self.expected):
            return None
        return Refused(401, "send the header Authorization: Bearer and the token")
