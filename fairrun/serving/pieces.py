"""Cutting a large JSON array into pieces, each of which is parsed alone.

A body of 32 MiB can become more than a gigabyte of Python objects. A piece becomes a few megabytes,
which also stay in the processor's cache. The first wrong rows are refused before the rest of the
body is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

__all__ = ["PIECE_BYTES", "VALUE_BYTES", "NotArrayError", "Piece", "array_pieces", "end_of_value"]

#: The size of a piece in bytes, if its first value is not larger.
PIECE_BYTES = 2**17
#: The largest size of one value, such as a row, in bytes.
VALUE_BYTES = 2**20

#: A text, a number or a literal. The parser checks it; this only finds its end.
_SCALAR = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[^][{}",:\s]+', re.DOTALL)
_QUOTE, _COMMA, _OPEN, _CLOSE = b'"'[0], b","[0], b"[{", b"]}"


class NotArrayError(ValueError):
    """Text that is not a JSON array.

    Parameters
    ----------
    too_large : bool
        Whether the text may be JSON, but one of its values is larger than `VALUE_BYTES`.
    """

    def __init__(self, *, too_large: bool) -> None:
        super().__init__("a value is too large" if too_large else "not an array of JSON")
        self.too_large = too_large


@dataclass(frozen=True)
class Piece:
    """Some values of an array.

    Attributes
    ----------
    text : bytes
        The values as an array of their own.
    end : int
        The position in the body after the values. For the last piece, this is the position after
        the whole array.
    """

    text: bytes
    end: int


def array_pieces(body: bytes, start: int, size: int = PIECE_BYTES) -> Iterator[Piece]:
    """Yield the values of an array in pieces.

    Only brackets, commas and quotes are looked at. The parser finds what else is wrong in a piece.

    Parameters
    ----------
    body : bytes
        JSON.
    start : int
        The position of the array's bracket.
    size : int
        The size of a piece in bytes, if its first value is not larger.

    Raises
    ------
    NotArrayError
        If the array has no end, a value is missing, or a value is larger than `VALUE_BYTES`.

    Examples
    --------
    >>> [piece.text for piece in array_pieces(b"[1, [2, 3], 4]", 0, size=8)]
    [b'[1]', b'[ [2, 3]]', b'[ 4]']
    """
    at, first = start + 1, True
    while True:
        window = body[at : at + size]
        cut, last = _cut(window)
        if cut < 0 and len(window) == size:  # one large value
            window = body[at : at + VALUE_BYTES]
            cut, last = _cut(window)
        if cut < 0:
            raise NotArrayError(too_large=at + len(window) < len(body))
        values = window[:cut]
        # The parser refuses a comma in front of nothing, but a piece ends before its comma.
        if not (values.strip() or (first and last)):
            raise NotArrayError(too_large=False)
        at, first = at + cut + 1, False
        yield Piece(b"[%b]" % values, at)
        if last:
            return


def _cut(window: bytes) -> tuple[int, bool]:
    """Return the place of the array's last bracket, else of the last comma between two values.

    The place is -1 if there is neither. The second value tells whether it is the last bracket.
    """
    depth, outside = _depths(window, 1)
    ends = np.flatnonzero(depth == 0)
    if len(ends):
        return (int(ends[0]), True) if window[ends[0]] == _CLOSE[0] else (-1, True)
    code = np.frombuffer(window, np.uint8)
    commas = np.flatnonzero((code == _COMMA) & outside & (depth == 1))
    return (int(commas[-1]), False) if len(commas) else (-1, False)


def _depths(window: bytes, depth: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the depth of nesting after each byte, and whether the byte is outside of texts."""
    # What is escaped is made harmless: first each pair of backslashes, then each quote after one.
    window = window.replace(rb"\\", b"__").replace(rb"\"", b"__")
    code = np.frombuffer(window, np.uint8)
    outside = np.cumsum(code == _QUOTE, dtype=np.int32) % 2 == 0
    steps = np.zeros(len(code), np.int8)
    for brackets, step in ((_OPEN, 1), (_CLOSE, -1)):
        for bracket in brackets:
            steps[(code == bracket) & outside] = step
    return depth + np.cumsum(steps, dtype=np.int32), outside


def end_of_value(body: bytes, start: int) -> int:
    """Return the position after the value that starts at a position.

    Raises
    ------
    NotArrayError
        If there is no value, or it is larger than `VALUE_BYTES`.

    Examples
    --------
    >>> end_of_value(b'{"a": {"b": [1, "}"]}, "c": 2}', 6)
    21
    """
    window = body[start : start + VALUE_BYTES]
    whole = start + VALUE_BYTES >= len(body)
    if window[:1] in (b"[", b"{"):
        depth, _ = _depths(window, 0)
        ends = np.flatnonzero(depth <= 0)
        if not len(ends):
            raise NotArrayError(too_large=not whole)
        return start + int(ends[0]) + 1
    found = _SCALAR.match(window)
    if found is None or (found.end() == len(window) and not whole):
        raise NotArrayError(too_large=not whole)
    return start + found.end()
