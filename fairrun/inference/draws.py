"""Random draws that belong to the row: asked again, anywhere, it draws the same number."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .columns import numbers, take_columns, text_codes
from .encoder import Categorical, Encoder, Numeric
from .errors import InputError, name_rows

__all__ = ["RowDraws"]

_NULL = b"\x00"


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

    def uniform(self, frame: pd.DataFrame, encoder: Encoder) -> NDArray[np.float64]:
        """Draw for each row.

        Parameters
        ----------
        frame : pandas.DataFrame
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
        key = hashlib.blake2b(
            self.seed.to_bytes(8, "little"), person=self.rule.encode()[:16]
        ).digest()
        drawn = np.empty(len(frame), dtype="<u8")
        for row, parts in enumerate(self._parts(frame, encoder)):
            digest = hashlib.blake2b(b"".join(parts), digest_size=8, key=key).digest()
            drawn[row] = int.from_bytes(digest, "little")
        return np.asarray((drawn >> np.uint64(11)) * 2.0**-53)

    def _parts(self, frame: pd.DataFrame, encoder: Encoder) -> Iterator[tuple[bytes, ...]]:
        if self.row_key is not None:
            raw = take_columns(frame, (self.row_key,))[self.row_key]
            keys = _tokens(raw, self.row_key, is_text=self.row_key_is_text)
            null = [row for row, token in enumerate(keys) if token == _NULL]
            if null:
                raise InputError(f"row key {self.row_key!r}: null in {name_rows(null)}")
            return zip(keys, strict=True)
        taken = take_columns(frame, encoder.names)
        return zip(*(_feature_tokens(column, taken) for column in encoder.columns), strict=True)

    def to_dict(self) -> dict[str, Any]:
        """Turn into what JSON can hold."""
        return vars(self).copy()

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> RowDraws:
        """Build from what `to_dict` gave."""
        return cls(**saved)


def _feature_tokens(column: Numeric | Categorical, taken: Mapping[str, pd.Series]) -> list[bytes]:
    return _tokens(taken[column.name], column.name, is_text=isinstance(column, Categorical))


def _tokens(raw: pd.Series, name: str, *, is_text: bool) -> list[bytes]:
    """Write each value so that no two different rows give the same bytes: tag, length, content."""
    if not is_text:
        values = numbers(raw, name) + 0.0  # −0 becomes 0
        return [_NULL if value != value else b"\x01" + struct.pack("<d", value) for value in values]
    text_codes(raw, name, {})  # refuses what is not text
    codes, texts = pd.factorize(raw.to_numpy(dtype=object), use_na_sentinel=True)
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    tokens = [b"\x02" + struct.pack("<I", len(text)) + text for text in encoded]
    return [_NULL if code < 0 else tokens[code] for code in codes]
