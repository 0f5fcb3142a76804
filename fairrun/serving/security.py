"""Access control: requests need a bearer token, or have to come from this machine."""

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
#: Paths without a token: probes, and the page that asks for the token. They reveal nothing about
#: the model.
_OPEN = ("/health", "/ready", "/docs")


@cache
def is_loopback(host: str) -> bool:
    """Return whether an address can be reached only from this machine.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def token_of_environment() -> str | None:
    """Read the token from the environment variable `FAIRRUN_TOKEN`; None if it is not set.

    Raises
    ------
    RequestError
        If the token is shorter than 16 characters, because it could be guessed.
    """
    token = os.environ.get(TOKEN_VARIABLE) or None
    if token is not None and len(token) < _SHORTEST:
        raise RequestError(
            f"{TOKEN_VARIABLE} has fewer than {_SHORTEST} characters; give a longer one"
        )
    return token


def check_host(host: str, token: str | None) -> None:
    """Check that a server that other machines can reach has a token.

    Parameters
    ----------
    host : str
        The address to listen on.
    token : str or None
        The token that clients must send.

    Raises
    ------
    RequestError
        If other machines can reach `host` and there is no token.
    """
    if token is None and not is_loopback(host):
        raise RequestError(
            f"host={host} can be reached from other machines; set {TOKEN_VARIABLE} to a secret "
            "that clients send as a bearer token, or use host=127.0.0.1"
        )


class Guard:
    """The check that a request has the token or, without a token, comes from this machine.

    Parameters
    ----------
    token : str or None
        The token that clients must send. None if only this machine may send requests.
    """

    def __init__(self, token: str | None) -> None:
        self.expected = None if token is None else f"Bearer {token}".encode()

    def refusal(self, scope: Scope) -> Refused | None:
        """Return the refusal (status 401 or 403) of a request; None if the request is allowed."""
        if self.expected is None:
            # This is the address that the client used, whatever address the server listens on. A
            # Unix domain socket has no address, and only this machine can use it.
            server = scope.get("server")
            if server is None or is_loopback(server[0]):
                return None
            return Refused(
                403,
                f"only this machine may send requests, because {TOKEN_VARIABLE} is not set; "
                "set it on the server",
            )
        if scope["path"] in _OPEN or scope["path"].startswith("/docs/"):
            return None
        given = dict(scope["headers"]).get(b"authorization", b"")
        if hmac.compare_digest(given, self.expected):
            return None
        return Refused(401, "the token is missing or wrong; send Authorization: Bearer <token>")
