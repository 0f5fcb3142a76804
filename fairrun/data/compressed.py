"""Unpack compressed files."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable

import pyarrow as pa

from fairrun.errors import RequestError

__all__ = ["COMPRESSIONS", "unpack"]


def _zstd(data: bytes) -> bytes:
    # Python 3.11 has no module for it, and Arrow is there anyway.
    with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
        unpacked: bytes = stream.read()
        return unpacked


_UNPACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.decompress,
    ".bz2": bz2.decompress,
    ".xz": lzma.decompress,
    ".zst": _zstd,
}
#: The suffixes of compressed files.
COMPRESSIONS = (*_UNPACKERS, ".zip")


def unpack(data: bytes, suffix: str, shown: str) -> bytes:
    """Return the content of a compressed file.

    Parameters
    ----------
    data : bytes
        The compressed content.
    suffix : str
        One of `COMPRESSIONS`. A zip file must have one member.
    shown : str
        The name of the source in error messages.

    Raises
    ------
    RequestError
        If the content is damaged, or a zip file does not have one member.
    """
    try:
        return _one_member(data, shown) if suffix == ".zip" else _UNPACKERS[suffix](data)
    # zipfile raises RuntimeError for a file with a password.
    except (OSError, EOFError, ValueError, RuntimeError, zlib.error, lzma.LZMAError) as error:
        if isinstance(error, RequestError):
            raise
        raise RequestError(
            f"data={shown} cannot be unpacked as {suffix} ({type(error).__name__}); "
            "unpack the file, and give the unpacked one"
        ) from error
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise RequestError(
            f"data={shown} cannot be unpacked as .zip ({type(error).__name__}); "
            "unpack the file, and give the unpacked one"
        ) from error


def _one_member(data: bytes, shown: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        # macOS adds a folder of its own to each archive.
        members = [
            each
            for each in archive.namelist()
            if not each.endswith("/") and not each.startswith("__MACOSX/")
        ]
        if len(members) != 1:
            found = ", ".join(members[:5]) + (", …" if len(members) > 5 else "")
            raise RequestError(
                f"data={shown} has {len(members)} files ({found or 'none'}), and one is needed; "
                "unpack the archive, and give one of its files"
            )
        return archive.read(members[0])
