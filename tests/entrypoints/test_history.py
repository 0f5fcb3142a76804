"""`history` shows who promoted what and finds what was changed; `rollback` goes back, once."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from click.testing import Result

from fairrun.errors import StoreError
from fairrun.runs.rollback import run_rollback
from fairrun.tracking.entries import DONE, ROLLBACK
from fairrun.tracking.history import read_history
from fairrun.tracking.history_table import printed_history
from fairrun.tracking.names import REGISTRY_EXPERIMENT
from fairrun.tracking.registered import aliases_of
from tests.tracking.promoting import broken_database, faults, logged_model, promote, verify

Invoke = Callable[..., Result]

REASON = "too many refusals since Monday"


@pytest.fixture(scope="module")
def made(
    trained_store: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A folder with a store: three versions of `income`, the second is champion, the third refused.

    Only the first has files.
    """
    folder, before = tmp_path_factory.mktemp("registry"), mlflow.get_tracking_uri()
    database, trained = trained_store
    mlflow.set_tracking_uri(f"sqlite:///{shutil.copy(database, folder / 'mlflow.db')}")
    for experiment in ("income", REGISTRY_EXPERIMENT):
        mlflow.create_experiment(experiment, artifact_location=(folder / "artifacts").as_uri())
    mlflow.set_experiment("income")
    info = mlflow.models.get_model_info(trained)
    evidence = {"evaluated_in": info.run_id, "compared_in": "none"}
    promote("income", (info.model_id, info.run_id), evidence=evidence)
    promote("income", logged_model())
    promote("income", logged_model(), "fail")
    yield folder
    mlflow.set_tracking_uri(before)


@pytest.fixture
def registry(
    run: Invoke, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Invoke]:
    """A copy of that store, with its artifacts, in which nobody waits for another process."""
    monkeypatch.setattr("fairrun.tracking.promotion._PATIENCE", 0.0)
    copied = Path(shutil.copytree(made, tmp_path / "registry"))
    with sqlite3.connect(copied / "mlflow.db") as store:
        for table, column in (
            ("experiments", "artifact_location"),
            ("runs", "artifact_uri"),
            ("logged_models", "artifact_location"),
            ("model_versions", "storage_location"),
        ):
            change = f"UPDATE {table} SET {column} = replace({column}, ?, ?)"  # noqa: S608
            store.execute(change, (str(made), str(copied)))
    # MLflow keeps the place of the artifacts of each run, which every copy of the store has.
    artifact_places = mlflow.tracking._tracking_service.utils._artifact_repos_cache
    artifact_places.clear()
    mlflow.set_tracking_uri(f"sqlite:///{copied / 'mlflow.db'}")
    mlflow.set_experiment("income")
    yield run
    artifact_places.clear()


def database() -> sqlite3.Connection:
    return sqlite3.connect(mlflow.get_tracking_uri().removeprefix("sqlite:///"))


def last_line(result: Result) -> str:
    return str(result.stdout.strip().splitlines()[-1])


def test_history_prints_and_logs_every_entry(registry: Invoke) -> None:
    said = registry("history", "--name", "income")
    assert said.exit_code == 0, said.output
    rows = [line for line in said.stdout.splitlines() if line.startswith("| ")][2:]
    assert len(rows) == 6
    entry = read_history("income").entries[0]
    for text in ("1", "ann", "promotion: promoted", "pass", entry.run_id, entry.digest[:12]):
        assert f" {text} " in rows[0]
    assert "5 done: champion stays 2" in rows[5]
    assert last_line(said) == (
        "the history of income is unbroken: 6 entries; the champion is version 2"
    )
    (checked,) = mlflow.search_runs(
        filter_string="attributes.run_name = 'income · history'", output_format="list"
    )
    table = mlflow.load_table("history.json", run_ids=[checked.info.run_id])
    assert list(table["digest"]) == [each.digest for each in read_history("income").entries]
    note = checked.data.tags["mlflow.note.content"]
    assert "unbroken: 6 entries" in note
    assert "| 3 | " in note


def test_the_registry_run_shows_the_history_on_its_page(registry: Invoke) -> None:
    (registry_run,) = read_history("income").runs
    note = mlflow.get_run(registry_run).data.tags["mlflow.note.content"]
    assert "6 entries" in note
    assert note.count("promotion: promoted") == 2
    files = mlflow.MlflowClient().list_artifacts(registry_run, "history")
    assert [each.path for each in files] == [f"history/{n:06d}.json" for n in range(1, 7)]


def change_entry() -> None:
    with database() as store:
        store.execute("UPDATE params SET value = replace(value, 'ann', 'eve') WHERE key LIKE '%3'")


def remove_entry() -> None:
    with database() as store:
        store.execute("DELETE FROM params WHERE key = 'entry.000003'")


def cut_the_end() -> None:
    with database() as store:
        store.execute("DELETE FROM params WHERE key >= 'entry.000003' AND key LIKE 'entry.%'")


def spoil_entry() -> None:
    with database() as store:
        store.execute("UPDATE params SET value = 'x' WHERE key = 'entry.000002'")


def reseal(**facts: object) -> None:
    """Change facts of the second entry so that its digest fits."""
    entry = read_history("income").entries[1]
    changed = replace(entry, facts={**entry.facts, **facts}).sealed().text
    with database() as store:
        store.execute("UPDATE params SET value = ? WHERE key = 'entry.000002'", (changed,))


def add_file() -> None:
    (path,) = Path.cwd().rglob("registry/artifacts/*/artifacts/history/000004.json")
    (path.parent / "older").mkdir()
    (path.parent / "older" / path.name).write_text("{}", "utf-8")
    path.with_name("000099.json").write_text("{}", "utf-8")


def change_tag() -> None:
    mlflow.MlflowClient().set_model_version_tag("income", "1", "promotion.entry", "3 abc")


def move_alias() -> None:
    mlflow.MlflowClient().set_registered_model_alias("income", "champion", "3")


def delete_evidence() -> None:
    entry = read_history("income").entries[0]
    mlflow.MlflowClient().delete_run(entry.facts["evidence"]["evaluated_in"])


def delete_model() -> None:
    mlflow.MlflowClient().delete_registered_model("income")


def change_file() -> None:
    (path,) = Path.cwd().rglob("registry/artifacts/*/artifacts/history/000004.json")
    path.write_text(path.read_text("utf-8").replace("ann", "eve"), "utf-8")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (change_entry, "chain: entry 3 was changed after it was written"),
        (change_entry, "files: the file history/000003.json"),
        (remove_entry, "chain: entry 4 follows an entry that is not there"),
        (cut_the_end, "files: the file history/000006.json"),
        (cut_the_end, "version: the tag promotion.entry of version 2 names entry 3"),
        (spoil_entry, "chain: the parameter entry.000002 holds no entry"),
        (lambda: reseal(reasons=7), "chain: the parameter entry.000002 holds no entry"),
        (lambda: reseal(evidence=["x"]), "chain: the parameter entry.000002 holds no entry"),
        (lambda: reseal(closes=[{}]), "chain: the parameter entry.000002 holds no entry"),
        (lambda: reseal(version={"a": 1}), "chain: the parameter entry.000002 holds no entry"),
        (lambda: reseal(champion="one"), "chain: the parameter entry.000002 holds no entry"),
        (add_file, "files: the file history/000099.json"),
        (change_tag, "version: the tag promotion.entry of version 1 names entry 3 abc"),
        (move_alias, "alias: the alias champion is version 3, but by entry 6 it is 2"),
        (delete_evidence, "was deleted: "),
        (delete_evidence, "bring it back with: mlflow runs restore --run-id"),
        (delete_model, "version: the registered model income was deleted or renamed"),
        (change_file, "files: the file history/000004.json"),
    ],
)
def test_a_broken_link_is_named(registry: Invoke, change: Callable[[], None], named: str) -> None:
    change()
    said = registry("history", "--name", "income")
    assert said.exit_code == 3, said.output
    assert named in said.stdout
    assert last_line(said).startswith("the history of income is broken: ")


def test_a_model_without_a_history_is_a_fact(run: Invoke) -> None:
    mlflow.MlflowClient().create_registered_model("income")
    said = run("history", "--name", "income")
    assert said.exit_code == 0
    assert said.stdout == ("income has no history: fairrun has not promoted a model to it yet\n")
    # There is no version to go back to, also none that is named.
    for version in ("auto", "7"):
        refused = run("rollback", "--name", "income", "--reason", REASON, "--version", version)
        assert refused.exit_code == 2
        assert "by its history, it has no champion; promote another model" in refused.stderr


def test_long_reasons_are_cut_at_their_end() -> None:
    row = dict.fromkeys(("entry", "when", "who", "what", "version", "verdict", "run"), "x")
    why = "the gate failed: statistical_parity<=0.15 @ sex; " + "worse than the champion " * 20
    said = printed_history(pd.DataFrame([row | {"why": why, "digest": "0123456789abcdef"}]))
    assert why[:220] in said
    assert why not in said
    assert "| 0123456789ab |" in said


def test_rollback_moves_the_champion_and_says_what_is_next(registry: Invoke) -> None:
    said = registry("rollback", "--name", "income", "--reason", REASON)
    assert said.exit_code == 0, said.output
    assert "champion of income: version 2 → 1" in said.stdout
    assert "-e history -P name=income" in said.stdout
    history = verify("income")
    assert (history.entries[-2].kind, history.entries[-2].facts["reasons"]) == (ROLLBACK, [REASON])
    (done,) = mlflow.search_runs(
        filter_string="attributes.run_name = 'income · rollback'", output_format="list"
    )
    assert done.data.params["rollback.reason"] == REASON
    assert "| reason | too many refusals" in done.data.tags["mlflow.note.content"]
    again = registry("rollback", "--name", "income", "--reason", REASON)
    assert again.exit_code == 2
    assert "nothing to roll back to" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--name", "incme", "--reason", "x"), "did you mean income?"),
        (("--name", "a/b", "--reason", "x"), "has the character '/'"),
        (("--name", "income", "--reason", " "), "needs a reason"),
        (("--name", "income", "--reason", "none"), "needs a reason"),
        (("--name", "income", "--reason", "a\nb"), "has several lines; give one line"),
        (("--name", "income", "--reason", "a\tb"), "has an invisible character; give one"),
        (("--name", "income", "--reason", "x" * 501), "has 501 characters; give one line of at"),
        (("--name", "income", "--reason", "x", "--version", "3"), "give one of 1, 2"),
        (("--name", "income", "--reason", "x", "--version", "2"), "is the champion already"),
        (("--name", "income", "--reason", "x", "--version", "old"), "not the number of a version"),
    ],
)
def test_a_rollback_that_cannot_be_is_refused_in_a_line(
    registry: Invoke, arguments: tuple[str, ...], said: str
) -> None:
    before = read_history("income")
    refused = registry("rollback", *arguments)
    assert refused.exit_code == 2
    assert said in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert read_history("income") == before


def test_a_version_without_files_cannot_be_champion_again(registry: Invoke) -> None:
    with database() as store:
        store.execute("UPDATE model_versions SET storage_location = '/nowhere' WHERE version = 1")
    refused = registry("rollback", "--name", "income", "--reason", REASON)
    assert refused.exit_code == 2
    assert refused.stderr.startswith("error: version 1 cannot be champion again: ")
    assert refused.stderr.endswith("; promote another model\n")
    assert refused.stderr.count("\n") == 1
    assert aliases_of("income")["champion"] == "2"


def test_a_champion_whose_version_was_deleted_is_named_and_left_out(registry: Invoke) -> None:
    mlflow.MlflowClient().delete_model_version("income", "2")
    shown = registry("history", "--name", "income")
    assert shown.exit_code == 3
    assert "no version has the alias champion, because somebody deleted version 2" in shown.stdout
    assert "set_registered_model_alias" not in shown.stdout
    refused = registry("rollback", "--name", "income", "--reason", "x", "--version", "2")
    assert refused.exit_code == 2
    assert refused.stderr.endswith("; give version=1\n")
    done = registry("rollback", "--name", "income", "--reason", "version 2 was deleted")
    assert "champion of income: version none → 1" in done.stdout, done.output
    assert registry("history", "--name", "income").exit_code == 0


def test_a_renamed_model_is_not_taken_for_removed_entries(registry: Invoke) -> None:
    mlflow.MlflowClient().rename_registered_model("income", "pay")
    shown = registry("history", "--name", "pay")
    assert shown.exit_code == 3
    assert "if the registered model was renamed, its history is still under" in shown.stdout
    mlflow.MlflowClient().rename_registered_model("pay", "income")
    assert registry("history", "--name", "income").exit_code == 0


def test_a_rollback_after_a_move_by_hand_goes_back_to_the_champion_of_the_history(
    registry: Invoke,
) -> None:
    assert (
        registry("rollback", "--name", "income", "--reason", "x", "--version", "1").exit_code == 0
    )
    mlflow.MlflowClient().set_registered_model_alias("income", "champion", "3")
    done = registry("rollback", "--name", "income", "--reason", "moved by hand")
    assert "champion of income: version 3 → 1" in done.stdout
    shown = registry("history", "--name", "income")
    assert shown.exit_code == 0
    assert "the alias champion was moved from version 1 to 3 outside of fairrun" in shown.stdout


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True])
def test_a_rollback_that_fails_anywhere_is_done_once(
    registry: Invoke, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fairrun.runs.rollback.fetch_model", lambda _: None)
    for at in range(1, 200):
        promote("income", logged_model())
        champions = [d.facts["champion"] for _, d in read_history("income").moves]
        reason = f"{REASON} {at}"
        calls: list[int] = []
        with suppress(StoreError), faults(failing(at, after, calls)):
            run_rollback("income", reason)
        if not calls:
            break
        run_rollback("income", reason)
        history = read_history("income")
        rolled = [e for e in history.entries if e.facts.get("reasons") == [reason]]
        assert len(rolled) == 1
        assert history.open_entries == ()
        assert history.champion == aliases_of("income")["champion"] == champions[-2]
    assert at > 20


def failing(at: int, after: bool, calls: list[int]) -> Callable[[int, str, bool], None]:
    def fail(number: int, _: str, made: bool) -> None:
        if number == at and made == after:
            calls.append(number)
            raise broken_database()

    return fail


@pytest.mark.parametrize("method", ["log_param", "set_registered_model_alias", "set_tag"])
def test_a_stopped_rollback_is_finished_and_not_done_twice(
    registry: Invoke, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of three champions, a second rollback would go on to the first one."""
    monkeypatch.setattr("fairrun.runs.rollback.fetch_model", lambda _: None)
    promote("income", logged_model())
    stopped: list[str] = []

    def stop(_: int, called: str, after: bool) -> None:
        if called == method and after and not stopped:
            stopped.append(called)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), faults(stop):
        run_rollback("income", REASON)
    again = registry("rollback", "--name", "income", "--reason", REASON)
    assert again.exit_code == 0, again.output
    assert "champion of income: version 4 → 2" in again.stdout
    assert [e.kind for e in verify("income").entries[8:]] == [ROLLBACK, DONE]
    further = registry("rollback", "--name", "income", "--reason", REASON)
    assert "champion of income: version 2 → 1" in further.stdout


def test_a_rollback_goes_to_no_other_model_of_the_same_number(registry: Invoke) -> None:
    mlflow.MlflowClient().delete_registered_model("income")
    promote("income", logged_model())
    promote("income", logged_model(), "fail")  # version 2, and another version 2 was champion
    for more in ([], ["--version", "2"]):
        said = registry("rollback", "--name", "income", "--reason", REASON, *more)
        assert said.exit_code == 2, said.output
        assert "version=2 of 'income' is another model than" in said.output
    assert aliases_of("income")["champion"] == "1"
