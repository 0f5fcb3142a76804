"""Random numbers that depend only on the content of a row."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .columns import Column, Table, numbers, take_columns, texts
from .encoder import Categorical, Encoder
from .errors import InputError, name_rows

__all__ = ["RowDraws"]

_NULL = b"\x00"
_TAGGED = np.dtype([("tag", "u1"), ("value", "<f8")])
_pack_number = struct.Struct("<Bd").pack
_FAR = 1e300


@dataclass(frozen=True)
class RowDraws:
    """The rule that gives each row a random number from its content.

    The number is the keyed hash BLAKE2b (64 bit) of the feature columns in the order of the
    signature, without the protected column. Numbers of distinct rows are uniform. Equal rows get
    equal numbers in every request and on every machine. If equal rows should get different numbers,
    a row key replaces the features.

    Attributes
    ----------
    seed : int
        The seed, from which the key of the hash is made.
    rule : str
        The method that draws. Different methods get different numbers. (Models that were saved
        before format 4 have the kind of the decision here, which several methods share.)
    row_key : str or None
        The column that is hashed instead of the features.
    row_key_is_text : bool
        Whether the row key is text; it is a number otherwise.
    """

    seed: int
    rule: str
    row_key: str | None = None
    row_key_is_text: bool = True

    @cached_property
    def _key(self) -> bytes:
        person = self.rule.encode()[:16]
        return hashlib.blake2b(self.seed.to_bytes(8, "little"), person=person).digest()

    def uniform(self, table: Table, encoder: Encoder) -> NDArray[np.float64]:
        """Return the random number of each row.

        Parameters
        ----------
        table : pandas.DataFrame or Columns
            Raw rows.
        encoder : Encoder
            The encoder, which knows the feature columns.

        Returns
        -------
        array of float64 of shape (n_rows,)
            Numbers in [0, 1), in steps of 2⁻⁵³.

        Raises
        ------
        InputError
            If a column is missing, occurs twice or has the wrong type, or a row key is null.
        """
        key, digest = self._key, hashlib.blake2b
        digests = [
            digest(b"".join(parts), digest_size=8, key=key).digest()
            for parts in self._parts(table, encoder)
        ]
        drawn = np.frombuffer(b"".join(digests), dtype="<u8")
        return np.asarray((drawn >> np.uint64(11)) * 2.0**-53)

    def _parts(self, table: Table, encoder: Encoder) -> Iterator[tuple[bytes, ...]]:
        if self.row_key is not None:
            raw = take_columns(table, (self.row_key,)).values[self.row_key]
            keys = _tokens(raw, self.row_key, is_text=self.row_key_is_text)
            null = [row for row, token in enumerate(keys) if token == _NULL]
            if null:
                raise InputError(
                    f"row key {self.row_key!r}: null in {name_rows(null)}; give each row a key",
                    column=self.row_key,
                    row=null[0],
                )
            return zip(keys, strict=True)
        taken = take_columns(table, encoder.names).values
        tokens = (
            _tokens(
                taken[column.name],
                column.name,
                is_text=isinstance(column, Categorical),
                known=column.codes if isinstance(column, Categorical) else None,
            )
            for column in encoder.columns
        )
        return zip(*tokens, strict=True)

    def to_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can represent."""
        return asdict(self)

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> RowDraws:
        """Return the object with the fields that `to_dict` returned."""
        return cls(**saved)


def _tokens(
    raw: Column, name: str, *, is_text: bool, known: Mapping[Any, int] | None = None
) -> list[bytes]:
    """Return each value as bytes (tag, length, content), so that different rows differ in bytes."""
    if not is_text:
        if isinstance(raw, list) and len(raw) == 1:
            (value,) = raw
            if type(value) in (int, float) and -_FAR < value < _FAR:  # a fast path for one row
                return [_pack_number(1, value + 0.0)]
        values = numbers(raw, name)
        tagged = np.empty(len(values), dtype=_TAGGED)
        tagged["tag"], tagged["value"] = 1, values + 0.0  # −0 becomes 0
        numeric: list[bytes] = tagged.view(f"V{_TAGGED.itemsize}").tolist()
        for row in np.flatnonzero(np.isnan(values)):
            numeric[row] = _NULL
        return numeric
    given = texts(raw, name, known)
    tokens = {text: _text_token(text) for text in set(given)}
    return [*map(tokens.__getitem__, given)]


def _text_token(text: str | None) -> bytes:
    if text is None:
        return _NULL
    content = text.encode("utf-8", "surrogatepass")
    return b"\x02" + struct.pack("<I", len(content)) + content
