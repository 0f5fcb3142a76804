"""Following an alias: whenever it points to another version, that version takes over."""

from __future__ import annotations

import asyncio
import logging
import re
from contextlib import suppress
from typing import Any

from fairrun.errors import RequestError, StoreError
from fairrun.models.provenance import Alias, Pointed, look_up
from fairrun.serving.background import Background
from fairrun.serving.counting import Counting
from fairrun.serving.errors import place_of
from fairrun.serving.serving_now import Loader, Served, ServingNow
from fairrun.serving.version import Problem, Refusal, State, Swap, name_of, say_now
from fairrun.tracking.store import impatient

__all__ = ["POLL_SECONDS", "Follower"]

_logger = logging.getLogger(__name__)

#: The seconds between two looks at the alias, unless somebody chooses others.
POLL_SECONDS = 10

#: How often the start of worker processes is tried. Too little memory for a moment can end a
#: process that starts, and this says nothing about the model.
_STARTS = 3

#: How long to wait for a call to the registry when the app stops, in seconds.
_STOP_SECONDS = 2.0

_GONE = "the registry has no such model or alias"
_UNREACHABLE = "the registry or its files cannot be reached; the log of the server says more"
_FAILED = "looking at the alias failed, which is a bug; the log of the server says more"

#: Paths and addresses of stores, which are for the log only. Model URIs are none of them.
_PLACE = re.compile(r"(?:\b(?!models:|runs:)[A-Za-z][\w+.-]*:|(?<![\w:.)]))//?[^\s,;()'\"]+")


class Follower:
    """Looks at an alias, and lets the version that it points to take over.

    The version is fetched, checked and loaded, and its worker processes are started, while the old
    one answers. Then, between two steps of the event loop, the new one becomes the one that answers
    new requests. The old one stops after its last request. There are never more than two models in
    memory: a third one is loaded only after the first has stopped.

    A version that cannot be served is refused once, and the old one stays. It is tried again if the
    alias points to it anew, or after `look_soon`.

    Parameters
    ----------
    serving : ServingNow
        The model that is served, which this object replaces.
    alias : Alias
        The alias.
    loader : Loader
        Loads a version.
    counting : Counting
        The counters for `GET /metrics`.
    poll : float
        The seconds between two looks; 0 to look only after `look_soon`.
    """

    def __init__(
        self,
        serving: ServingNow,
        alias: Alias,
        loader: Loader,
        counting: Counting,
        poll: float = POLL_SECONDS,
    ) -> None:
        self.serving, self.alias, self.loader = serving, alias, loader
        self.counting, self.poll = counting, poll
        self.state = State(following=True, alias=alias.alias, last_look=say_now())
        self._refused: Pointed | None = None
        self._woken = asyncio.Event()
        self._background: Background | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self) -> None:
        """Start to look at the alias."""
        self._background = Background()
        self._tasks["follow"] = asyncio.create_task(self._run(self._background))

    async def stop(self) -> None:
        """Stop to look, and stop every model but the one that is served, within two seconds."""
        for task in self._tasks.values():
            task.cancel()
        closing = [] if self._background is None else [self._background.close(_STOP_SECONDS)]
        await asyncio.gather(*self._tasks.values(), *closing, return_exceptions=True)

    def look_soon(self) -> None:
        """Look at the alias at once, and try a version again that was refused before."""
        self._woken.set()

    async def _run(self, background: Background) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.poll or None):
                    await self._woken.wait()
            if self._woken.is_set():
                self._woken.clear()
                self._refused = None
            try:
                await self._follow(background)
            except RequestError as error:
                self._refused = self.state.refused = None
                self._note(_GONE, error)
            except StoreError as error:
                self._note(_UNREACHABLE, error)
            except Exception as error:
                self._note(_FAILED, place_of(error))
            else:
                self._note(None)

    async def _follow(self, background: Background) -> None:
        """Look at the alias. If it points to another version, let that version take over.

        The alias may move again while the version is loaded. So it is looked at once more before
        the version takes over: the last change wins.
        """
        pointed = await self._look(background)
        while pointed not in (self.serving.now.pointed, self._refused):
            if "retire" in self._tasks:
                await asyncio.wait({self._tasks["retire"]})
            candidate = await self._load(background, pointed)
            if candidate is None:
                return
            try:
                latest = await self._look(background)
                if latest == pointed:
                    self._take_over(candidate)
                pointed = latest
            finally:
                if candidate is not self.serving.now:
                    await candidate.stop()
                del candidate  # or it would stay in memory while another one is loaded

    async def _load(self, background: Background, pointed: Pointed) -> Served | None:
        """Return a version with its worker processes, or None if it is refused."""
        try:
            candidate = await background.run(_load_soon, self.loader, pointed)
            try:
                # One process after the other, because each keeps a processor busy for a second, and
                # the old model needs the processors, too.
                await candidate.start(_STARTS, at_once=1)
            except BaseException:
                await candidate.stop()
                raise
        except StoreError:  # It says nothing about the model, so the next look tries again.
            raise
        except Exception as error:
            self._refuse(pointed, error)
            return None
        return candidate

    async def _look(self, background: Background) -> Pointed:
        pointed = await background.run(look_up, self.alias)
        self.state.last_look = say_now()
        if pointed != self._refused:
            self._refused = self.state.refused = None
        return pointed

    def _take_over(self, served: Served) -> None:
        old = self.serving.replace(served)
        before, after = old.saved.names, served.saved.names
        added = tuple(name for name in after if name not in before)
        removed = tuple(name for name in before if name not in after)
        self.state.last_swap = Swap(old.provenance.version, say_now(), added, removed)
        self.counting.swap(served.provenance)
        _logger.info(
            "%s answers instead of %s from now on%s%s",
            name_of(served.provenance),
            name_of(old.provenance),
            f"; it also reads {', '.join(map(repr, added))}" if added else "",
            f"; it does not read {', '.join(map(repr, removed))}" if removed else "",
        )
        self._tasks["retire"] = asyncio.create_task(self._retire(old))

    async def _retire(self, old: Served) -> None:
        try:
            await old.retire()
        finally:
            self.serving.before = None

    def _refuse(self, pointed: Pointed, error: Exception) -> None:
        self._refused = pointed
        self.state.refused = Refusal(pointed.version, _reason(error), say_now())
        self.counting.refuse_version()
        _logger.warning(
            "%s points to version %s, which is refused; %s stays: %s",
            self.alias,
            pointed.version,
            name_of(self.serving.now.provenance),
            error if isinstance(error, RequestError) else place_of(error),
        )

    def _note(self, reason: str | None, said: Any = "") -> None:
        """Keep why the alias cannot be followed, and log it if this has changed."""
        known = self.state.problem
        self.counting.show_problem(reason is not None)
        if reason == (known and known.reason):
            return
        self.state.problem = None if reason is None else Problem(reason, say_now())
        if reason is None:
            _logger.info("%s can be followed again", self.alias)
        else:
            name = name_of(self.serving.now.provenance)
            _logger.warning("%s cannot be followed, so %s stays: %s", self.alias, name, said)


def _load_soon(loader: Loader, pointed: Pointed) -> Served:
    # MLflow would try to reach a registry that is gone for minutes. Meanwhile the app would not
    # look at the alias, and `/version` would say nothing.
    with impatient(large=True):
        return loader.load(pointed)


def _reason(error: Exception) -> str:
    """Return why a version is refused, without a path of this machine.

    Examples
    --------
    >>> _reason(RequestError("model=models:/income/4 is refused: golden.json was changed; train"))
    'golden.json was changed; train'
    >>> _reason(RequestError("model=models:/income/4 cannot be loaded, because /srv/x is gone"))
    'model=models:/income/4 cannot be loaded, because ... is gone'
    """
    if not isinstance(error, RequestError):
        return f"it cannot be loaded ({type(error).__name__}); the log of the server says more"
    said = str(error)
    _, found, because = said.partition(" is refused: ")
    return _PLACE.sub("...", because if found else said)
