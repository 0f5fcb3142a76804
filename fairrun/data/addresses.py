"""Addresses of sources: schemes, passwords that must not be shown, environment variables."""

from __future__ import annotations

import os
import re
from urllib.parse import quote

from fairrun.errors import RequestError

__all__ = ["masked", "refuse_secrets", "scheme_of", "with_environment"]

_PASSWORD = re.compile(r"(?<=://)(?P<user>[^/@:?#]*):(?P<secret>[^/@]+)(?=@)")
# The names of query parameters of signed links, and of drivers for databases.
_PARAMETER = re.compile(
    r"(?P<name>[?&][^=&#]*(?:passw|pwd|secret|token|signature|credential|api_?key|access_?key|"
    r"(?<=[?&])sig(?==)|(?<=[?&])key(?==))[^=&#]*)=(?P<secret>[^&#]+)",
    re.IGNORECASE,
)
_VARIABLE = re.compile(r"\$\{(\w+)\}")


def scheme_of(source: str) -> str:
    r"""Return the scheme of a URL in lower case, or "" for a path.

    Examples
    --------
    >>> scheme_of("s3://bucket/people.csv"), scheme_of("people.csv"), scheme_of("C:\\people.csv")
    ('s3', '', '')
    """
    found = re.match(r"([A-Za-z][A-Za-z0-9+.-]+):", source)
    # A file may have a colon in its name. Path.exists raises an error for a long link.
    return "" if found is None or os.path.exists(source) else found[1].lower()  # noqa: PTH110


def masked(source: str) -> str:
    """Return an address in which *** stands for each password.

    Examples
    --------
    >>> masked("postgresql://reader:geheim@db/people")
    'postgresql://reader:***@db/people'
    >>> masked("https://example.org/people.csv?year=1&token=geheim")
    'https://example.org/people.csv?year=1&token=***'
    """
    if not scheme_of(source):
        return source
    source = _PASSWORD.sub(lambda found: f"{found['user']}:***", source)
    return _PARAMETER.sub(lambda found: f"{found['name']}=***", source)


def refuse_secrets(source: str) -> None:
    """Refuse an address that contains a password, because runs keep the address of their data.

    Raises
    ------
    RequestError
        If the address has a password that is not the name of an environment variable.
    """
    if not scheme_of(source):
        return
    for pattern in (_PASSWORD, _PARAMETER):
        for found in pattern.finditer(source):
            if not _VARIABLE.fullmatch(found["secret"]):
                raise RequestError(
                    f"data={masked(source)} has a password, and the run would keep it; set an "
                    "environment variable to the password, and write '${ITS_NAME}' in its place"
                )


def with_environment(source: str) -> str:
    """Return a URL in which each ${NAME} is replaced by the environment variable.

    A password before @ is quoted, because it may have characters that separate the parts of an
    address. Elsewhere the value stands as it is, because signed links are quoted already.

    Raises
    ------
    RequestError
        If a variable is not set.
    """
    if not scheme_of(source):
        return source

    def value(found: re.Match[str]) -> str:
        if found[1] not in os.environ:
            raise RequestError(
                f"data={source} needs the environment variable {found[1]}, which is not set; set it"
            )
        return os.environ[found[1]]

    source = _PASSWORD.sub(
        lambda found: f"{found['user']}:{quote(_VARIABLE.sub(value, found['secret']), safe='')}",
        source,
    )
    return _VARIABLE.sub(value, source)
