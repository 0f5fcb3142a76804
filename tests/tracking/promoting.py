"""A registry for tests of promotions: logged models without files, and what `promote` writes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlflow
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import OperationalError

from fairrun.tracking.entries import DONE, PROMOTION, ROLLBACK, History
from fairrun.tracking.history import OvertakenError, check_copies, read_history
from fairrun.tracking.history_check import check_history
from fairrun.tracking.names import ALIAS_CHAMPION, REGISTRY_EXPERIMENT
from fairrun.tracking.promotion import Carried, Move, carry_out, settle
from fairrun.tracking.registered import aliases_of
from fairrun.tracking.runs import tracked_run

__all__ = [
    "Model",
    "broken_database",
    "faults",
    "logged_model",
    "new_store",
    "promote",
    "roll_back",
    "state",
    "verify",
]

#: The id of a logged model, and its run.
Model = tuple[str, str]


def new_store(empty: Path, folder: Path) -> str:
    """Track in a new database in a folder, also the artifacts; return the URI."""
    folder.mkdir(parents=True, exist_ok=True)
    uri = f"sqlite:///{shutil.copy(empty, folder / 'mlflow.db')}"
    mlflow.set_tracking_uri(uri)
    artifacts = folder / "artifacts"
    mlflow.create_experiment("models", artifact_location=artifacts.as_uri())
    mlflow.create_experiment(REGISTRY_EXPERIMENT, artifact_location=artifacts.as_uri())
    mlflow.set_experiment("models")
    return uri


def logged_model() -> Model:
    """Log a model without files; return its id and its run."""
    with mlflow.start_run(nested=mlflow.active_run() is not None) as run:
        model = mlflow.initialize_logged_model(name="model", source_run_id=run.info.run_id)
        mlflow.finalize_logged_model(model.model_id, "READY")
    return str(model.model_id), str(run.info.run_id)


def promote(name: str, model: Model, verdict: str = "pass", **more: Any) -> Carried | None:
    """Promote a model, as the entry point does; None if it is the last that was decided about."""
    with tracked_run(f"{name} · promote") as run:
        for _ in range(1000):
            history = settle(name, run_id=run.info.run_id, who="ann")
            ours = [e for e in history.entries if e.facts.get("model_id") == model[0]]
            if ours:
                return None
            move = Move(
                *(PROMOTION, name, None, model[0], f"models:/{model[0]}", model[1], verdict),
                challenger=verdict == "pass",
                champion=verdict == "pass",
                champion_before=aliases_of(name).get(ALIAS_CHAMPION),
                reasons=(f"the gate says {verdict}",),
                **({"tags": {"model_card": "card"}, "description": "A model."} | more),
            )
            try:
                return carry_out(history, move, run_id=run.info.run_id, who="ann")
            except OvertakenError:
                continue
    raise AssertionError("overtaken a thousand times")


def roll_back(name: str, version: str, reason: str = "it was wrong") -> Carried:
    """Make a version champion again."""
    with tracked_run(f"{name} · rollback") as run:
        history = settle(name, run_id=run.info.run_id, who="bob")
        before = aliases_of(name).get(ALIAS_CHAMPION)
        move = Move(
            *(ROLLBACK, name, version),
            champion=True,
            champion_before=before,
            reasons=(reason,),
        )
        return carry_out(history, move, run_id=run.info.run_id, who="bob")


def state(name: str) -> dict[str, Any]:
    """Return what a registry has, without ids, times and digests."""
    client = mlflow.MlflowClient()
    history = read_history(name)
    versions = client.search_model_versions(f"name = '{name}'")
    own = {"promotion.entry", "promotion.run_id"}
    return {
        "kinds": [each.kind for each in history.entries],
        "champion": history.champion,
        "aliases": aliases_of(name),
        "versions": {
            int(each.version): (
                {k: v for k, v in each.tags.items() if k not in own},
                each.tags["promotion.entry"].split()[0],
                each.description,
            )
            for each in versions
        },
    }


def verify(name: str) -> History:
    """Assert that a history is whole: numbered without gaps, unbroken, and true."""
    history = read_history(name)
    broken = [str(each) for each in check_history(history) if each.is_broken]
    assert not broken, broken
    assert [each.number for each in history.entries] == [*range(1, len(history.entries) + 1)]
    assert history.open_entries == ()
    assert check_copies(history) == []
    champion = None
    for entry in history.entries:
        if entry.kind == DONE:
            assert entry.facts["champion_before"] == champion
            champion = entry.facts["champion"]
    assert aliases_of(name).get(ALIAS_CHAMPION) == champion
    running = mlflow.MlflowClient().search_runs(
        [e.experiment_id for e in mlflow.search_experiments()], "attributes.status = 'RUNNING'"
    )
    assert [each.info.run_name for each in running] == []
    return history


@contextmanager
def faults(fail: Callable[[int, str, bool], None]) -> Iterator[None]:
    """Call `fail` before and after each call of MLflow's client in the block.

    It gets the number of the call, the name of the method, and whether the call has been made.
    Calls that MLflow makes inside of a call do not count.
    """
    made, inside = 0, False

    def wrapped(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **settings: Any) -> Any:
            nonlocal made, inside
            if inside:
                return method(*arguments, **settings)
            made, inside = made + 1, True
            number = made
            try:
                fail(number, method.__name__, False)
                answer = method(*arguments, **settings)
                fail(number, method.__name__, True)
            finally:
                inside = False
            return answer

        return call

    client = mlflow.MlflowClient
    methods = {
        name: method
        for name, method in vars(client).items()
        if callable(method) and not name.startswith("_")
    }
    for name, method in methods.items():
        setattr(client, name, wrapped(method))
    try:
        yield
    finally:
        for name, method in methods.items():
            setattr(client, name, method)


def broken_database() -> MlflowException:
    """Return what MLflow raises if its database fails."""
    error = MlflowException("(sqlite3.OperationalError) disk I/O error")
    error.__cause__ = OperationalError("", {}, Exception("disk I/O error"))
    return error
