"""Random draws that belong to the row: asked again, anywhere, it draws the same number."""

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
    """One uniform number for each row, made from what the row holds.

    The keyed hash BLAKE2b (64 bit) of the feature columns in the order of the signature; the
    protected column takes no part. The number is uniform over distinct rows, and rows that are
    equal get equal numbers. Where that is not wanted, a column that tells rows apart takes the
    place of the features.

    Attributes
    ----------
    seed : int
        Makes the key.
    rule : str
        Keeps the draws of different rules apart.
    row_key : str or None
        The column that is hashed instead of the features.
    row_key_is_text : bool
        Whether it holds text; numbers otherwise.
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
        """Draw for each row.

        Parameters
        ----------
        table : pandas.DataFrame or Columns
            Raw rows.
        encoder : Encoder
            Knows the feature columns.

        Returns
        -------
        ndarray of float64, shape (n_rows,)
            In [0, 1), in steps of 2⁻⁵³.

        Raises
        ------
        InputError
            If a column is missing, stands twice or has the wrong type, or a row key is null.
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
                    f"row key {self.row_key!r}: null in {name_rows(null)}",
                    column=self.row_key,
                    row=null[0],
                )
            return zip(keys, strict=True)
        taken = take_columns(table, encoder.names).values
        tokens = (
            _tokens(taken[column.name], column.name, is_text=isinstance(column, Categorical))
            for column in encoder.columns
        )
        return zip(*tokens, strict=True)

    def to_dict(self) -> dict[str, Any]:
        """Turn into what JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> RowDraws:
        """Build from what `to_dict` gave."""
        return cls(**saved)


def _tokens(raw: Column, name: str, *, is_text: bool) -> list[bytes]:
    """Write each value so that no two different rows give the same bytes: tag, length, content."""
    if not is_text:
        if isinstance(raw, list) and len(raw) == 1:
            (value,) = raw
            if type(value) in (int, float) and -_FAR < value < _FAR:  # many times as fast
                return [_pack_number(1, value + 0.0)]
        values = numbers(raw, name)
        tagged = np.empty(len(values), dtype=_TAGGED)
        tagged["tag"], tagged["value"] = 1, values + 0.0  # −0 becomes 0
        numeric: list[bytes] = tagged.view(f"V{_TAGGED.itemsize}").tolist()
        for row in np.flatnonzero(np.isnan(values)):
            numeric[row] = _NULL
        return numeric
    given = texts(raw, name)
    tokens = {text: _text_token(text) for text in set(given)}
    return [*map(tokens.__getitem__, given)]


def _text_token(text: str | None) -> bytes:
    if text is None:
        return _NULL
    content = text.encode("utf-8", "surrogatepass")
    return b"\x02" + struct.pack("<I", len(content)) + content
