"""How a file is read: the part of a dataset spec that depends on the file's format."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from fairrun.errors import RequestError
from fairrun.text import did_you_mean

__all__ = ["ReadOptions"]

_TAB = ("tab", "\\t")
_DECIMALS = (".", ",")


@dataclass(frozen=True)
class ReadOptions:
    r"""How a file is read. None means that the reader finds it out, or takes the usual value.

    Attributes
    ----------
    delimiter : str or None
        The character between the columns of a CSV file. The word `tab` stands for a tab.
    decimal : str
        The decimal mark of numbers that are written as text: "." or ",".
    thousands : str or None
        The mark between thousands in numbers that are written as text.
    encoding : str or None
        The encoding of a CSV file.
    header : bool
        Whether the first line of a CSV file has the names of the columns.
    names : tuple of str
        The names of the columns, if the file has none or others are wanted.
    comment : str or None
        The character with which a line of comment starts.
    strip : bool
        Whether blanks before and after each cell of a CSV file are removed.
    sheet : str or None
        The sheet of an Excel file; the first one by default.
    query : str or None
        The SELECT statement for a database.
    """

    delimiter: str | None = None
    decimal: str = "."
    thousands: str | None = None
    encoding: str | None = None
    header: bool = True
    names: tuple[str, ...] = ()
    comment: str | None = None
    strip: bool = True
    sheet: str | None = None
    query: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the options that are not the default, as a dict that JSON can represent."""
        default = asdict(ReadOptions())
        given = {name: value for name, value in asdict(self).items() if value != default[name]}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in given.items()}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> ReadOptions:
        """Return the options that `to_dict` returned, or that a user wrote.

        Raises
        ------
        RequestError
            If an option is not known, or its value is not valid.

        Examples
        --------
        >>> ReadOptions.from_dict({"delimiter": ";", "decimal": ","}).to_dict()
        {'delimiter': ';', 'decimal': ','}
        """
        if not isinstance(saved, Mapping):
            raise RequestError(
                f"read={saved!r} is not a mapping of options; "
                'give for example read={"delimiter": ";"}'
            )
        known = [each.name for each in fields(cls)]
        for name in saved:
            if name not in known:
                otherwise = f"give some of {', '.join(known)}"
                raise RequestError(
                    f"read.{name} is not an option for reading a file; "
                    f"{did_you_mean(str(name), known, otherwise)}"
                )
        options = cls(
            **{
                name: _CHECKS[name](name, value)
                for name, value in saved.items()
                if value is not None
            }
        )
        options._check_together()
        return options

    def _check_together(self) -> None:
        if self.decimal == self.thousands:
            raise RequestError(
                f"read.decimal and read.thousands are both {self.decimal!r}; give two characters"
            )
        if self.comment is not None and self.comment == self.delimiter:
            raise RequestError(
                f"read.delimiter and read.comment are both {self.comment!r}; give two characters"
            )


def _boolean(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise RequestError(f"read.{name}={value!r} is not valid; give true or false")
    return value


def _text(name: str, value: Any) -> str:
    # YAML reads a sheet that is called 2024 as a number.
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise RequestError(f"read.{name}={value!r} is not valid; give a text")
    return str(value)


def _character(name: str, value: Any) -> str:
    text = "\t" if value in _TAB else value
    usable = isinstance(text, str) and len(text) == 1 and text.isascii()
    if not usable or text in '"\r\n\0' or text.isalnum():
        raise RequestError(
            f"read.{name}={value!r} is not valid; give one character that is not a letter, a digit "
            "or a quote, such as ';' (or the word tab)"
        )
    return str(text)


def _decimal(name: str, value: Any) -> str:
    if value not in _DECIMALS:
        raise RequestError(f"read.{name}={value!r} is not valid; give '.' or ','")
    return str(value)


def _thousands(name: str, value: Any) -> str:
    if not isinstance(value, str) or len(value) != 1 or value.isalnum() or value in "+-":
        raise RequestError(
            f"read.{name}={value!r} is not valid; give one character, such as ',' or ' '"
        )
    return value


def _encoding(name: str, value: Any) -> str:
    try:
        # Codecs such as base64 or rot13 do not turn bytes into text.
        known = isinstance(value, str) and isinstance(b"a".decode(value, "ignore"), str)
        codecs.lookup(value)
    except (LookupError, TypeError, ValueError):
        known = False
    if not known:
        raise RequestError(
            f"read.{name}={value!r} is not known; give for example utf-8, latin-1, cp1252 or utf-16"
        )
    return str(value)


def _names(name: str, value: Any) -> tuple[str, ...]:
    texts = value if isinstance(value, list | tuple) else ()
    names = tuple(str(each).strip() for each in texts if isinstance(each, str | int))
    if not names or len(names) < len(texts) or "" in names or len(set(names)) < len(names):
        raise RequestError(
            f"read.{name} is not valid; give a list of the names of all columns, each another text"
        )
    return names


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "delimiter": _character,
    "decimal": _decimal,
    "thousands": _thousands,
    "encoding": _encoding,
    "header": _boolean,
    "names": _names,
    "comment": _character,
    "strip": _boolean,
    "sheet": _text,
    "query": _text,
}
