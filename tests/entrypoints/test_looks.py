"""How often a test split was looked at, in the store of the `run` fixture."""

from __future__ import annotations

import logging

import mlflow
import pytest
from mlflow.exceptions import MlflowException

from fairrun.tracking.looks import Looks, log_looks, log_looks_of, say_looks

pytestmark = pytest.mark.usefixtures("run")


def look(digest: str, model_id: str | None, uri: str = "runs:/1/model") -> Looks | None:
    with mlflow.start_run():
        return log_looks(digest, model_id, uri)


def test_looks_are_counted_by_split_over_all_experiments() -> None:
    assert look("one", "m-1") == Looks(1, 1)
    assert look("one", "m-2") == Looks(2, 2)
    mlflow.set_experiment("another")
    assert look("one", "m-1") == Looks(3, 2)
    # A model without an id is known by its URI.
    assert [look("one", None, "a'b"), look("one", None, "a'b")] == [Looks(4, 3), Looks(5, 3)]
    for _ in range(5):
        look("one", None, "a'b")
    assert look("one", "m-2") == Looks(11, 3)  # read beyond the latest runs
    assert look("two", "m-1") == Looks(1, 1)
    mlflow.MlflowClient().set_tag(mlflow.last_active_run().info.run_id, "evaluated.looks", "many")
    assert look("two", "m-1") == Looks(1, 1)  # anybody can edit a tag
    tags = mlflow.MlflowClient().get_run(mlflow.last_active_run().info.run_id).data.tags
    assert tags["evaluated.digest"] == "two"
    assert (tags["evaluated.looks"], tags["evaluated.looks_models"]) == ("1", "1")


def test_an_evaluation_whose_gate_failed_counts_and_one_that_runs_or_has_no_tags_does_not() -> None:
    assert look("one", "m-1") == Looks(1, 1)
    # `mlflow run` marks a run like this if its gate does not pass.
    failed = mlflow.last_active_run().info.run_id
    mlflow.MlflowClient().set_terminated(failed, "FAILED")
    with mlflow.start_run():
        mlflow.set_tag("evaluated.rows", "test")  # of an earlier version
    assert look("one", "m-2") == Looks(2, 2)
    running = mlflow.last_active_run().info.run_id
    mlflow.MlflowClient().update_run(running, "RUNNING")
    assert look("one", "m-2") == Looks(2, 2)


def test_a_look_at_several_models_counts_each_model() -> None:
    assert look("one", "m-1") == Looks(1, 1)
    with mlflow.start_run() as run:
        assert log_looks_of("one", ["m-1", "m-2", "m-3"]) == Looks(2, 3)
    assert look("one", "m-3") == Looks(3, 3)
    for _ in range(5):
        look("one", "m-1")
    assert look("one", "m-2") == Looks(9, 3)  # read beyond the latest runs
    # A sweep that is resumed has looked before, and so has the parent of an evaluation in it.
    with mlflow.start_run(run.info.run_id), mlflow.start_run(nested=True):
        assert log_looks("two", "m-1", "") == Looks(1, 1)
        mlflow.MlflowClient().set_tag(run.info.run_id, "evaluated.looks", "20")
        assert log_looks("one", "m-1", "") == Looks(21, 3)
    with mlflow.start_run(run.info.run_id):
        assert log_looks_of("one", ["m-4"]) == Looks(22, 4)


@pytest.mark.parametrize(
    "error", [OSError("no route to host"), MlflowException("no such filter", error_code=3)]
)
def test_a_store_that_cannot_say_fails_no_run(
    error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(mlflow.MlflowClient, "search_runs", refuse)
    with caplog.at_level(logging.WARNING, "fairrun"):
        assert look("one", "m-1") is None
    assert "earlier looks at this test split were not counted, because" in caplog.text


@pytest.mark.parametrize(
    ("looks", "gate", "said"),
    [
        (None, True, ""),
        (Looks(1, 1), True, ""),
        (Looks(2, 1), True, "this is look 2 at this test split, by 1 model"),
        (
            Looks(4, 3),
            True,
            "this is look 4 at this test split, by 3 models; choose on validation rows, or take "
            "new test rows",
        ),
        (Looks(5, 5), False, ""),  # those of one comparison
        (Looks(6, 6), False, "this is look 6 at this test split, by 6 models; choose on"),
    ],
)
def test_a_look_is_mentioned_if_it_may_mislead(
    looks: Looks | None, gate: bool, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "fairrun"):
        say_looks(looks, gate=gate)
    (text,) = [record.getMessage() for record in caplog.records] or [""]
    assert text.startswith(said)
    assert bool(text) == bool(said)
