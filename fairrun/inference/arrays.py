"""Reading the arrays of a saved model from an npz file that may be damaged."""

from __future__ import annotations

import io
import math
import zipfile
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from .errors import ModelError

__all__ = ["read_arrays"]

#: The most bytes of all arrays together. A small zip file can claim to hold any number of zeros.
_LARGEST = 2**30


def read_arrays(content: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays of an npz file by name.

    Parameters
    ----------
    content : bytes
        The content of the file.

    Returns
    -------
    dict of str to array
        Arrays of numbers without NaN, or of text.

    Raises
    ------
    ModelError
        If it is no such file, or the arrays together have more than 1 GiB.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            # Sizes are checked before anything is unpacked. An entry ends at its stated size.
            if sum(entry.file_size for entry in entries) > _LARGEST:
                raise ModelError("arrays.npz has more than 1 GiB of arrays; train the model again")
            return {entry.filename.removesuffix(".npy"): _read(archive, entry) for entry in entries}
    except ModelError:
        raise
    except Exception as error:  # whatever a damaged zip file or array raises
        raise ModelError(
            f"arrays.npz cannot be read ({type(error).__name__}); fetch the model again, or train "
            "it again"
        ) from error


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> NDArray[Any]:
    with archive.open(entry) as opened:
        version = npy.read_magic(opened)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read(opened)
        header = opened.tell()
    # NumPy would make room for the stated shape before it reads.
    if dtype.kind not in "biufU" or header + math.prod(shape) * dtype.itemsize != entry.file_size:
        raise ValueError("no array of numbers or text")
    with archive.open(entry) as opened:
        array = np.asarray(npy.read_array(opened, allow_pickle=False))
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise ValueError("not a number")
    return array
