"""A promotion is finished by the next command, whenever and however it was stopped."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlflow
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fairrun.tracking.promotion
from fairrun.errors import RequestError, StoreError
from fairrun.tracking.entries import DONE, PROMOTION, ROLLBACK, Entry, History
from fairrun.tracking.history import OvertakenError, append_entry, read_history
from fairrun.tracking.history_check import check_history
from fairrun.tracking.moves import Move, facts_of
from fairrun.tracking.promotion import carry_out, settle, version_before
from fairrun.tracking.reaping import reap
from fairrun.tracking.registered import aliases_of
from fairrun.tracking.runs import tracked_run
from tests.tracking.databases import Databases, postgres
from tests.tracking.processes import KILLED, kill_at, promote_at_once
from tests.tracking.promoting import (
    broken_database,
    faults,
    logged_model,
    new_store,
    promote,
    roll_back,
    state,
    verify,
)

#: The first call after the run of a command was opened, in a store that was not used before.
OPENED = 3
#: Methods of MLflow's client that only read.
READS = ("get_", "search_", "list_", "download_")


@pytest.fixture
def store(empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A store of its own, in which nobody waits for processes that may be alive."""
    before = mlflow.get_tracking_uri()
    monkeypatch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    monkeypatch.setattr(fairrun.tracking.promotion, "_PATIENCE", 0.0)
    yield new_store(empty_store, tmp_path)
    mlflow.set_tracking_uri(before)


@pytest.fixture(scope="module")
def server() -> Iterator[Databases]:
    with postgres() as databases:
        yield databases


def new_postgres(server: Databases, folder: Path) -> str:
    """Track in a new database of the server, with artifacts in a folder."""
    uri = server.new()
    mlflow.set_tracking_uri(uri)
    mlflow.create_experiment("models", artifact_location=(folder / "artifacts").as_uri())
    mlflow.set_experiment("models")
    return uri


def calls_of(name: str) -> list[str]:
    """Promote a model, and return the calls of MLflow's client that it makes."""
    calls: list[str] = []
    model = logged_model()
    with faults(lambda _, method, after: None if after else calls.append(method)):
        promote(name, model)
    return calls


def fail_at(call: int, *, after: bool) -> Callable[[int, str, bool], None]:
    def fail(number: int, _: str, made: bool) -> None:
        if number == call and made == after:
            raise broken_database()

    return fail


def expect(name: str, expected: dict[str, Any]) -> None:
    found = state(name)
    # If the fault came before the first entry, nothing was left to settle.
    assert found == expected
    verify(name)


@pytest.mark.usefixtures("store")
def test_a_promotion_that_fails_after_any_write_is_finished_by_the_same_command() -> None:
    promote("other", logged_model())
    calls = calls_of("whole")
    expected = state("whole")
    # The first write opens the run and the last one ends it, which is tried twice. Of the tags, the
    # first one is enough here.
    writes = [at for at, name in enumerate(calls) if not name.startswith(READS)][1:-1]
    writes = [at for at in writes if calls[at - 1] != "set_model_version_tag"]
    assert len(writes) > 10
    for at in writes:
        name, model = f"failed {at}", logged_model()
        with pytest.raises(StoreError, match="disk I/O error"), faults(fail_at(at + 1, after=True)):
            promote(name, model)
        promote(name, model)
        expect(name, expected)


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True])
def test_any_call_of_the_first_promotion_can_fail(
    empty_store: Path, tmp_path: Path, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fairrun.tracking.promotion, "_PATIENCE", 0.0)
    new_store(empty_store, tmp_path / "whole")
    calls = calls_of("m")
    expected = state("m")
    for at in range(OPENED, len(calls) + 1):
        new_store(empty_store, tmp_path / str(at))
        fail_and_repeat(at, after=after, expected=expected)


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True])
def test_any_call_can_fail_on_postgresql(
    server: Databases, tmp_path: Path, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fairrun.tracking.promotion, "_PATIENCE", 0.0)
    new_postgres(server, tmp_path)
    calls = calls_of("m")
    expected = state("m")
    for at in range(OPENED, len(calls) + 1):
        new_postgres(server, tmp_path / str(at))
        fail_and_repeat(at, after=after, expected=expected)


def fail_and_repeat(at: int, *, after: bool, expected: dict[str, Any]) -> None:
    model = logged_model()
    try:
        with faults(fail_at(at, after=after)):
            promote("m", model)
    except StoreError:
        pass
    # The alternative is a call whose fault is no error, such as the search for runs that are gone.
    promote("m", model)
    expect("m", expected)


def test_a_killed_promotion_is_finished_by_the_same_command(store: str) -> None:
    """Before the version is registered, and between the aliases; `-m slow` tries all calls."""
    promote("whole", logged_model())
    calls = calls_of("whole")
    expected = state("whole")
    for method in ("create_model_version", "set_registered_model_alias"):
        kill_and_repeat(store, calls.index(method) + 1, after=True, expected=expected)


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True])
def test_a_promotion_can_be_killed_at_any_call(store: str, after: bool) -> None:
    promote("whole", logged_model())
    calls = calls_of("whole")
    expected = state("whole")
    for at in range(1, len(calls) + 1):
        kill_and_repeat(store, at, after=after, expected=expected)


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True])
def test_a_promotion_can_be_killed_at_any_call_on_postgresql(
    server: Databases, tmp_path: Path, after: bool
) -> None:
    uri = new_postgres(server, tmp_path)
    promote("whole", logged_model())
    calls = calls_of("whole")
    expected = state("whole")
    for at in range(1, len(calls) + 1):
        kill_and_repeat(uri, at, after=after, expected=expected)


def kill_and_repeat(uri: str, at: int, *, after: bool, expected: dict[str, Any]) -> None:
    name, first, second = f"killed {at}", logged_model(), logged_model()
    promote(name, first)
    assert kill_at(uri, name, second, at, after=after) == KILLED
    promote(name, second)
    reap()  # the run of a process that was killed before its first entry
    expect(name, expected)


def test_of_processes_at_once_each_is_in_the_history_and_one_is_champion(store: str) -> None:
    promote_together(store, "two", 2, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("n_processes", [2, 4])
def test_processes_at_once(store: str, n_processes: int) -> None:
    for seed in range(8):
        promote_together(store, f"at once {seed}", n_processes, seed)


@pytest.mark.slow
@pytest.mark.parametrize("n_processes", [2, 4])
def test_processes_at_once_on_postgresql(
    server: Databases, tmp_path: Path, n_processes: int
) -> None:
    uri = new_postgres(server, tmp_path)
    for seed in range(8):
        promote_together(uri, f"at once {seed}", n_processes, seed)


def promote_together(uri: str, name: str, n_processes: int, seed: int) -> None:
    """Promote models at once to a registry with one version, and look at what is there."""
    promote(name, logged_model())
    models = [logged_model() for _ in range(n_processes)]
    assert promote_at_once(uri, name, models, seed) == [0] * n_processes
    history = verify(name)
    assert len(history.entries) == 2 * (n_processes + 1)
    assert [each.kind for each in history.entries] == [PROMOTION, DONE] * (n_processes + 1)
    decided = {each.facts["model_id"] for each in history.entries if each.kind == PROMOTION}
    assert decided >= {model_id for model_id, _ in models}


@pytest.mark.usefixtures("store")
def test_a_decision_on_an_old_history_changes_nothing() -> None:
    promote("m", logged_model())
    with tracked_run("late") as run:
        history = settle("m", run_id=run.info.run_id, who="ann")
        promote("m", logged_model())
        before = state("m")
        for champion in (None, "1", "2"):
            model = logged_model()[0]
            move = Move(PROMOTION, "m", None, model, f"models:/{model}", champion=True)
            with pytest.raises(OvertakenError):
                carry_out(history, replace(move, champion_before=champion), **by(run))
    assert state("m") == before
    verify("m")


@pytest.mark.usefixtures("store")
def test_a_champion_that_was_moved_by_hand_must_be_known_to_the_decision() -> None:
    promote("m", logged_model())
    promote("m", logged_model())
    mlflow.MlflowClient().set_registered_model_alias("m", "champion", "1")
    with tracked_run("late") as run:
        history = settle("m", **by(run))
        move = Move(ROLLBACK, "m", "1", champion=True, champion_before="2")
        with pytest.raises(OvertakenError, match="was moved"):
            carry_out(history, move, **by(run))
    third = promote("m", logged_model())
    assert third is not None
    done = third.history.entries[-1]
    assert (done.facts["champion_before"], done.facts["champion"]) == ("1", "3")
    (note,) = check_history(third.history)
    assert not note.is_broken
    assert "moved from version 2 to 1 outside of fairrun" in note.says


@pytest.mark.usefixtures("store")
def test_a_slow_process_does_not_leave_an_old_champion() -> None:
    """It sets the alias after another process has settled its entry and promoted a third model."""
    promote("m", logged_model())
    third = logged_model()

    def overtake(_: int, method: str, after: bool) -> None:
        if method == "set_registered_model_alias" and not after and not overtaken:
            overtaken.append(promote("m", third))

    overtaken: list[object] = []
    with faults(overtake):
        carried = promote("m", logged_model())
    assert carried is not None
    assert (carried.version, carried.champion) == ("2", "3")
    history = verify("m")
    assert [each.kind for each in history.entries] == [PROMOTION, DONE] * 3
    assert aliases_of("m") == {"champion": "3", "challenger": "3"}


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("ours_last", [False, True])
def test_a_fork_is_shown_and_closed_and_leaves_the_champion_of_its_last_entry(
    ours_last: bool,
) -> None:
    one, other = logged_model(), logged_model()
    with tracked_run("one") as run:
        empty = read_history("m")

        def fork(_: int, method: str, after: bool) -> None:
            """Write an entry to another registry run, as a process does that sees no other."""
            if method == "log_param" and after and not forked:
                move = Move(*(PROMOTION, "m", None, other[0], f"models:/{other[0]}", other[1]))
                facts = facts_of(replace(move, champion=True), run.info.run_id)
                experiment = mlflow.MlflowClient().get_run(read_history("m").runs[0])
                tags = experiment.data.tags
                where = experiment.info.experiment_id
                start = experiment.info.start_time + (1 if ours_last else -1)
                second = mlflow.MlflowClient().create_run(where, start_time=start, tags=tags)
                forked.append(
                    append_entry(
                        History("m", runs=(second.info.run_id,)), PROMOTION, facts, **by(run)
                    )
                )

        forked: list[History] = []
        with faults(fork):
            move = Move(PROMOTION, "m", None, one[0], f"models:/{one[0]}", one[1], champion=True)
            carried = carry_out(empty, move, **by(run))
        assert [each.number for each in carried.history.entries] == [1, 1, 2]
        assert carried.history.problems == []
        settle("m", **by(run))
    history = read_history("m")
    assert [each.number for each in history.entries] == [1, 1, 2, 3]
    assert history.problems == []
    assert aliases_of("m")["champion"] == history.champion == history.entries[-1].facts["version"]
    assert any("closed a fork" in each.says for each in check_history(history))


@pytest.mark.usefixtures("store")
def test_two_open_forks_are_shown() -> None:
    with tracked_run("one") as run:
        first = append_entry(History("m"), DONE, {}, **by(run))
        tags = mlflow.get_run(first.runs[0]).data.tags
        where = mlflow.get_run(first.runs[0]).info.experiment_id
        other = mlflow.MlflowClient().create_run(where, tags=tags).info.run_id
        append_entry(History("m", runs=(other,)), DONE, {}, **by(run))
        assert "the history has a fork at entry 1" in read_history("m").problems[0]
        assert append_entry(read_history("m"), DONE, {}, **by(run)).problems == []


@pytest.mark.usefixtures("store")
def test_a_decision_about_a_deleted_model_is_closed_without_an_effect() -> None:
    promote("m", logged_model())
    gone = logged_model()
    mlflow.MlflowClient().delete_logged_model(gone[0])
    with pytest.raises(RequestError, match=f"the logged model {gone[0]} is gone"):
        promote("m", gone)
    history = verify("m")
    assert history.champion == "1"
    assert history.open_entries == ()
    assert version_before(history) is None


@pytest.mark.usefixtures("store")
def test_a_long_decision_is_carried_out_as_a_whole_by_another_process() -> None:
    long = {"description": "ä" * 5_000, "tags": {f"tag {i}": "x" * 300 for i in range(30)}}
    promote("whole", logged_model(), **long)
    expected = state("whole")
    model = logged_model()
    with pytest.raises(StoreError), faults(fail_after("log_param")):
        promote("m", model, **long)
    (entry,) = read_history("m").open_entries
    assert len(entry.text) < 5_900
    promote("m", model)
    expect("m", expected)


@pytest.mark.usefixtures("store")
def test_a_long_decision_without_its_file_still_moves_the_champion(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    model = logged_model()
    with pytest.raises(StoreError), faults(fail_after("log_param")):
        promote("m", model, description="ä" * 5_000)
    (file,) = tmp_path.rglob("promotion/*.json")
    file.write_text("{}", encoding="utf-8")
    with caplog.at_level("WARNING", "fairrun"):
        promote("m", model)
    assert "carried out without the description" in caplog.text
    assert verify("m").champion == "1"


def fail_after(method: str) -> Callable[[int, str, bool], None]:
    def fail(_: int, called: str, after: bool) -> None:
        if called == method and after:
            raise broken_database()

    return fail


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    "name", ["o'neil", 'a "b"', "both ' and \"", "ü 漢字", "a@b", "%20", "-", "a" * 256]
)
def test_odd_names_are_names(name: str) -> None:
    promote(name, logged_model())
    promote(name, logged_model())
    assert verify(name).champion == "2"


@pytest.mark.parametrize("name", ["", " ", "a/b", "a:b", "a?b", "a\nb", " a", "..", "a" * 257])
def test_a_name_that_no_model_can_have_is_refused_in_a_line(name: str) -> None:
    with pytest.raises(RequestError, match="give a name such as income") as refused:
        settle(name, run_id="", who="")
    assert "\n" not in str(refused.value)


@pytest.mark.usefixtures("store")
def test_a_deleted_registry_run_is_named_with_what_to_do() -> None:
    promote("m", logged_model())
    (registry_run,) = read_history("m").runs
    mlflow.MlflowClient().delete_run(registry_run)
    with pytest.raises(StoreError, match=f"mlflow runs restore --run-id {registry_run}"):
        promote("m", logged_model())
    found = [str(each) for each in check_history(read_history("m")) if each.is_broken]
    assert any(f"mlflow runs restore --run-id {registry_run}" in each for each in found)
    mlflow.MlflowClient().restore_run(registry_run)
    promote("m", logged_model())
    assert verify("m").champion == "2"


@pytest.mark.usefixtures("store")
def test_a_registry_may_be_another_store(empty_store: Path, tmp_path: Path) -> None:
    before = mlflow.get_registry_uri()
    mlflow.set_registry_uri(f"sqlite:///{shutil.copy(empty_store, tmp_path / 'registry.db')}")
    try:
        promote("m", logged_model())
        promote("m", logged_model(), "fail")
        roll_back_refused = version_before(verify("m"))
    finally:
        mlflow.set_registry_uri(before)
    assert roll_back_refused is None


#: What is done to a registry: "promote" a new version, or "roll back".
STEPS = st.lists(st.sampled_from(["promote", "roll back"]), max_size=30)


@given(STEPS)
def test_the_version_before_is_that_below_the_champion_on_a_stack(steps: list[str]) -> None:
    entries: list[Entry] = []
    stack: list[str] = []

    def append(kind: str, facts: dict[str, Any]) -> str:
        entry = Entry(len(entries) + 1, kind, facts, "", "", "", (), "").sealed()
        entries.append(entry)
        return entry.digest

    promoted = 0
    for step in steps:
        before = stack[-1] if stack else None
        if step == "promote":
            promoted += 1
            stack.append(str(promoted))
        elif len(stack) > 1:
            stack.pop()
        else:
            continue
        digest = append(PROMOTION if step == "promote" else ROLLBACK, {"at": len(entries)})
        moved = {"champion": stack[-1], "champion_before": before, "closes": [digest]}
        append(DONE, moved)
    expected = stack[-2] if len(stack) > 1 else None
    assert version_before(History("m", tuple(entries))) == expected


@pytest.mark.usefixtures("store")
def test_a_rolled_back_version_is_not_returned_again() -> None:
    for _ in range(3):
        promote("m", logged_model())
    assert version_before(roll_back("m", "2").history) == "1"
    assert version_before(roll_back("m", "1").history) is None
    promote("m", logged_model())
    assert version_before(verify("m")) == "1"
    for number, said in {
        "2": "rolled back from",
        "1": "rolled back to",
        "3": "rolled back from",
    }.items():
        version = mlflow.MlflowClient().get_model_version("m", number)
        assert version.tags["promotion"] == said


def by(run: mlflow.entities.Run) -> dict[str, str]:
    """Return who writes an entry."""
    return {"run_id": run.info.run_id, "who": "ann"}
