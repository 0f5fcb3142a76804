"""Promotions in processes of their own, which are copies of one that has MLflow imported."""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from collections.abc import Sequence
from typing import Any

import mlflow

# What every process needs, so that none has to import it.
import mlflow.store.model_registry.sqlalchemy_store
import mlflow.store.tracking.sqlalchemy_store

from tests.tracking.promoting import Model, faults, promote

__all__ = ["KILLED", "kill_at", "promote_at_once"]

#: The exit code of a process that was killed by `kill_at`.
KILLED = 9


def kill_at(uri: str, name: str, model: Model, call: int, *, after: bool) -> int | None:
    """Promote in a process that ends at a call of MLflow, as by `kill -9`; return its exit code."""
    process = _context().Process(target=_promote_until, args=(uri, name, model, call, after))
    process.start()
    process.join()
    return process.exitcode


def promote_at_once(uri: str, name: str, models: Sequence[Model], seed: int) -> list[int | None]:
    """Promote models at once, each in its process with pauses; return the exit codes."""
    context = _context()
    together = context.Barrier(len(models))
    processes = [
        context.Process(target=_promote_slowly, args=(uri, name, model, together, f"{seed}/{i}"))
        for i, model in enumerate(models)
    ]
    for each in processes:
        each.start()
    for each in processes:
        each.join()
    return [each.exitcode for each in processes]


def _context() -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.tracking.processes"])
    return context


def _promote_until(uri: str, name: str, model: Model, call: int, after: bool) -> None:
    def end(number: int, _: str, made: bool) -> None:
        if number == call and made == after:
            os._exit(KILLED)

    _use(uri)
    with faults(end):
        promote(name, model)


def _promote_slowly(uri: str, name: str, model: Model, together: Any, seed: str) -> None:
    """Promote with pauses before some calls, which are others in each process and for each seed."""
    pauses = random.Random(seed)  # noqa: S311

    def pause(*_: object) -> None:
        if pauses.random() < 0.2:
            time.sleep(pauses.random() * 0.05)

    _use(uri)
    together.wait()
    with faults(pause):
        promote(name, model)


def _use(uri: str) -> None:
    mlflow.set_tracking_uri(uri)
    mlflow.set_experiment("models")
