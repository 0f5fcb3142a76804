"""Read small data before anything else is imported, so that a wrong column is refused at once."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from pathlib import Path

from fairrun.data.addresses import scheme_of
from fairrun.data.csv_cells import SMALL
from fairrun.data.decision_table import ReadDecisionsRequest, read_decisions
from fairrun.data.decisions_request import DecisionsRequest, resolve_decisions
from fairrun.data.prepare import Dataset, prepare
from fairrun.data.request import KNOWN_DATASETS, DataRequest, is_preprocessed, resolve_spec

__all__ = ["ReadRequest", "read_ahead", "read_decisions_ahead"]


@dataclass(frozen=True)
class ReadRequest(DataRequest):
    """A request with its data.

    Attributes
    ----------
    dataset : Dataset or None
        The splits of the request.
    """

    dataset: Dataset | None = None


def read_ahead(request: DataRequest) -> DataRequest:
    """Prepare the data of a request now if they are `census` or in a small local file.

    This takes less than a second.

    Parameters
    ----------
    request : DataRequest
        The user's parameters.

    Returns
    -------
    DataRequest
        A `ReadRequest` for `census` and a small file. Any other request is returned unchanged, and
        its data are read in a run.

    Raises
    ------
    RequestError
        If the request names no data set, or the data that are read do not fit it.
    """
    if is_preprocessed(request.data):
        return request
    spec = resolve_spec(request)
    if not _is_large(spec.source):
        given = {each.name: getattr(request, each.name) for each in fields(DataRequest)}
        return ReadRequest(**given, dataset=prepare(spec))
    return request


def read_decisions_ahead(request: DecisionsRequest) -> DecisionsRequest:
    """Read a table of decisions now if it is `census` or a small local file; see `read_ahead`.

    Parameters
    ----------
    request : DecisionsRequest
        The user's parameters.

    Returns
    -------
    DecisionsRequest
        A `ReadDecisionsRequest` for a small file. Any other request is returned unchanged.

    Raises
    ------
    RequestError
        If a required parameter is missing, or the rows that are read do not fit the request.
    """
    request.check_decided()
    _, spec = resolve_decisions(request)
    if _is_large(spec.source):
        return request
    given = {each.name: getattr(request, each.name) for each in fields(DecisionsRequest)}
    return ReadDecisionsRequest(**given, table=read_decisions(request))


def _is_large(source: str) -> bool:
    """Return whether a source may take longer to read; a file that is not there does not."""
    if source in KNOWN_DATASETS:
        return source != "census"  # The others are downloaded.
    if scheme_of(source) or is_preprocessed(source):
        return True
    # Path.exists raises for a name that is too long.
    if not os.path.exists(source):  # noqa: PTH110
        return False
    path = Path(source)
    return path.is_dir() or path.stat().st_size > SMALL
