"""Access control: requests need a bearer token, or have to come from this machine."""

from __future__ import annotations

import hmac
import ipaddress
import os
import re
from contextlib import suppress
from functools import lru_cache

from starlette.types import Scope

from fairrun.errors import RequestError
from fairrun.serving.errors import Refused

__all__ = [
    "ONLY_THIS_MACHINE",
    "WRONG_TOKEN",
    "Guard",
    "check_host",
    "is_loopback",
    "names_this_machine",
    "secret_of",
    "token_of_environment",
]

TOKEN_VARIABLE = "FAIRRUN_TOKEN"  # noqa: S105 - the name of the variable

_SHORTEST = 16
#: Paths without a token: probes, the page that asks for the token, and what leads to it. They
#: reveal nothing about the model.
_OPEN = ("/health", "/ready", "/docs", "/")
#: A Host header: a name, or an IPv6 address in brackets, and perhaps a port.
_HOST = re.compile(
    rb"(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9.-]{1,253}))(?::[0-9]{0,5})?", re.IGNORECASE
)
#: A proxy adds such a header to each request, because it sends the request for somebody else.
_PROXY = re.compile(rb"forwarded|via|x-real-ip|x-forwarded-.*")

#: The refusals of a request without the token, and of one from another machine.
WRONG_TOKEN = Refused(401, "the token is missing or wrong; send Authorization: Bearer <token>")
ONLY_THIS_MACHINE = Refused(
    403,
    f"only this machine may send requests, because {TOKEN_VARIABLE} is not set; set it on the "
    "server",
)


@lru_cache(maxsize=256)
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


def names_this_machine(host: bytes) -> bool:
    """Return whether a `Host` header has a name that always means this machine, and any port.

    Any other name may belong to a website whose owner lets it point to this machine, so that pages
    of the website can read what the app answers ("DNS rebinding").

    Examples
    --------
    >>> [names_this_machine(host) for host in (b"localhost:8000", b"[::1]:80", b"evil.example")]
    [True, True, False]
    """
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    name = (found[1] or found[2]).decode().lower()
    return is_loopback(name) or name.endswith(".localhost")


def token_of_environment() -> str | None:
    """Read the token from the environment variable `FAIRRUN_TOKEN`; None if it is not set.

    Raises
    ------
    RequestError
        If the token is too short, or cannot be sent; see `secret_of`.
    """
    return secret_of(TOKEN_VARIABLE)


def secret_of(variable: str) -> str | None:
    """Read a secret from an environment variable; None if it is not set.

    Raises
    ------
    RequestError
        If the secret is shorter than 16 characters, because it could be guessed, or if it cannot be
        sent, because it has a line break or is no UTF-8.
    """
    secret = os.environ.get(variable) or None
    if secret is not None and len(secret) < _SHORTEST:
        raise RequestError(f"{variable} has fewer than {_SHORTEST} characters; give a longer one")
    if secret is not None and not secret.isprintable():
        raise RequestError(
            f"{variable} has a character that cannot be printed, such as a line break; give "
            "letters and digits"
        )
    return secret


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
        """Return the refusal (status 400, 401 or 403) of a request; None if it is allowed."""
        if self.expected is None:
            return _refusal_without_token(scope)
        if scope["path"] in _OPEN or scope["path"].startswith("/docs/"):
            return None
        given = dict(scope["headers"]).get(b"authorization", b"")
        if hmac.compare_digest(given, self.expected):
            return None
        return WRONG_TOKEN


def _refusal_without_token(scope: Scope) -> Refused | None:
    # This is the address that the client used, whatever address the server listens on. It is a path
    # for a Unix domain socket, which only this machine can use.
    server = scope.get("server")
    if not (server is None or "/" in server[0] or is_loopback(server[0])):
        return ONLY_THIS_MACHINE
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    # Every browser sends one. A request without one comes from another program.
    if len(hosts) > 1:
        return Refused(400, "a request has one Host header; send one", code="not_http")
    if hosts and not names_this_machine(hosts[0]):
        return Refused(
            403,
            "the Host header does not name this machine; send requests to 127.0.0.1 or localhost, "
            f"or set {TOKEN_VARIABLE} on the server to use other names",
        )
    if any(_PROXY.fullmatch(name) for name, _ in scope["headers"]):
        return Refused(
            403,
            "the request came through a proxy, which other machines may use; set "
            f"{TOKEN_VARIABLE} on the server, and send the token",
        )
    return None
