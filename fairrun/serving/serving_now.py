"""The model that is served now, with all that answers for it; it can be replaced at once."""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairrun.errors import RequestError
from fairrun.models.provenance import Pointed, Provenance, fetch
from fairrun.models.saved import SavedModel, load_saved
from fairrun.serving.counting import Counting
from fairrun.serving.limits import Limits
from fairrun.serving.openapi import openapi_document
from fairrun.serving.reason_texts import Document, ReasonTexts, texts_for
from fairrun.serving.version import MODEL_HEADER, name_of
from fairrun.serving.workers import Workers

__all__ = ["Loader", "Served", "ServingNow"]

_logger = logging.getLogger(__name__)


class Served:
    """A loaded model with its worker processes, its OpenAPI document and its name.

    Parameters
    ----------
    saved : SavedModel
        The model.
    provenance : Provenance
        Its origin.
    document : dict
        Its OpenAPI document.
    workers : Workers
        Its worker processes, which `start` starts.
    pointed : Pointed, optional
        The version to which the alias pointed that the app follows.
    copy : _Copy, optional
        The copy of the model's files, which is removed when the model is not served any more.
    texts : ReasonTexts, optional
        The texts of its adverse-decision notices; by default they are made from its columns.

    Attributes
    ----------
    running : Workers or None
        The worker processes while they run.
    """

    def __init__(
        self,
        saved: SavedModel,
        provenance: Provenance,
        document: dict[str, Any],
        workers: Workers,
        pointed: Pointed | None = None,
        copy: _Copy | None = None,
        texts: ReasonTexts | None = None,
    ) -> None:
        self.saved, self.provenance, self.document = saved, provenance, document
        self.workers, self.pointed, self.texts = workers, pointed, texts
        self.running: Workers | None = None
        #: The header of its answers.
        self.header = (MODEL_HEADER.encode(), name_of(provenance).encode())
        self._requests = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._copy = copy

    async def start(self, tries: int = 1, at_once: int | None = None) -> None:
        """Start the worker processes.

        Parameters
        ----------
        tries : int
            How often to try it.
        at_once : int, optional
            How many processes may start at the same time. By default, all of them.

        Raises
        ------
        RequestError
            If the last try fails.
        """
        for left in reversed(range(tries)):
            try:
                await self.workers.start(at_once)
                break
            except RequestError:
                if not left:
                    raise
        self.running = self.workers

    @contextmanager
    def used(self) -> Iterator[None]:
        """Keep the model, with its worker processes, until the block ends."""
        self._requests += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._requests -= 1
            if not self._requests:
                self._idle.set()

    async def retire(self) -> None:
        """Stop as soon as the last request is answered; no request may begin any more."""
        try:
            await self._idle.wait()
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Stop the worker processes within two seconds, and remove the copy of the files."""
        self.running = None
        await self.workers.stop()
        if self._copy is not None:
            self._copy.remove()


class _Copy:
    """A folder for a copy of a model's files.

    It is removed with `remove`, when this object is forgotten, and at the end of the process, which
    can come while the files are still being fetched.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="fairrun-"))
        self.remove = weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)


class ServingNow:
    """The model that answers new requests, and the one before it while it still has requests.

    Parameters
    ----------
    served : Served
        The first model.
    """

    def __init__(self, served: Served) -> None:
        self.now = served
        self.before: Served | None = None

    def replace(self, served: Served) -> Served:
        """Let another model answer all requests from now on; return the one before it."""
        self.before, self.now = self.now, served
        return self.before

    async def stop(self) -> None:
        """Stop the model that answers new requests."""
        await self.now.stop()

    def waiting(self, lane: str) -> int:
        """Return the number of requests that wait for worker processes in a lane."""
        return sum(each.workers.queue.length(lane) for each in (self.now, self.before) if each)


@dataclass(frozen=True)
class Loader:
    """What the app needs to load a version of its model.

    Attributes
    ----------
    model : str
        The model URI.
    limits : Limits
        The limits of the app.
    counting : Counting
        The counters of the app.
    processes : int
        The number of worker processes.
    token : bool
        Whether clients must send a token.
    own_texts : mapping, optional
        The texts of adverse-decision notices, as `read_texts` returned them.
    """

    model: str
    limits: Limits
    counting: Counting
    processes: int
    token: bool
    own_texts: Document | None = None

    def load(self, pointed: Pointed | None = None) -> Served:
        """Fetch, check and load a model. This blocks, and starts no process.

        Parameters
        ----------
        pointed : Pointed, optional
            The version to load if the app follows an alias. Its files are copied, because nobody
            knows how long the registry keeps them, and are removed when they are not needed.

        Raises
        ------
        RequestError
            If the model cannot be fetched or fails a check, or the texts do not suit its columns.
        StoreError
            If the registry or the artifact store cannot be used.
        """
        copy = None if pointed is None else _Copy()
        into = None if copy is None else copy.folder
        try:
            folder, provenance = fetch(self.model, pointed=pointed, into=into)
            try:
                saved = load_saved(folder)
            except RequestError as error:
                raise RequestError(f"model={self.model} is refused: {error}") from error
            texts = texts_for(saved, self.own_texts)
            document = openapi_document(
                saved, provenance, self.limits, token=self.token, texts=texts
            )
        except BaseException:
            if copy is not None:
                copy.remove()
            raise
        for remark in texts.remarks:
            _logger.warning("%s", remark)
        workers = Workers(folder, self.processes, self.limits, self.counting, self.own_texts)
        return Served(saved, provenance, document, workers, pointed, copy, texts)
