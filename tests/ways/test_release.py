"""The life of a registered model by commands alone, from an empty registry to a rollback."""

from __future__ import annotations

import re
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
import requests

from fairrun.tracking.history import read_history
from fairrun.tracking.names import PROMOTION, PROMOTION_REASONS
from tests.conftest import ROOT
from tests.serving.conftest import records
from tests.serving.running import in_a_process
from tests.ways.conftest import Caller, words

NAME = "pay"
GATE = "statistical_parity<=0.15 @ sex; accuracy>=0.6"
#: Rows of a request under load.
ROWS = 20


def write_people(path: Path, n: int = 6000) -> None:
    """Write rows in which pay follows skill, and the club that men are in."""
    rng = np.random.default_rng(0)
    sex = rng.choice(["Male", "Female"], n)
    club = rng.random(n) < np.where(sex == "Male", 0.8, 0.2)
    skill = rng.normal(size=n).round(2)
    paid = rng.random(n) < 1 / (1 + np.exp(-1.5 * skill - 2.5 * club + 1.2))
    frame = {"sex": sex, "skill": skill, "club": np.where(club, "in", "out")}
    pd.DataFrame(frame | {"paid": np.where(paid, "high", "low")}).to_parquet(path, index=False)


class Person:
    """Somebody who types commands of fairrun about one file and one registered model."""

    def __init__(self, caller: Caller, file: Path) -> None:
        self.caller = caller
        self.about = words(
            data=file, target="paid", positive="high", protected="sex", privileged="Male"
        )
        self.client = mlflow.MlflowClient(caller.store, caller.store)

    def type(self, *command: str, code: int = 0) -> str:
        here = {"PYTHONPATH": str(ROOT)}
        done = self.caller.call(sys.executable, "-m", "fairrun", *command, **here)
        assert done.returncode == code, done.stdout
        return done.stdout

    def train(self, *more: str) -> str:
        said = self.type("train", *self.about, *more)
        return re.findall(r"-P model=(\S+)", said)[0]

    def promote(self, model: str, code: int = 0) -> str:
        return self.type("promote", *words(model=model, name=NAME, gate=GATE), code=code)

    def champion(self) -> str:
        return str(self.client.get_model_version_by_alias(NAME, "champion").version)


@pytest.mark.slow
def test_from_an_empty_registry_to_a_rollback(
    caller: Caller, tmp_path: Path, track_at: Callable[[str], None]
) -> None:
    file = tmp_path / "people.parquet"
    write_people(file)
    person = Person(caller, file)

    # The first model has nothing to be compared with, and passes its gate.
    said = person.type("main", *person.about, "--mitigators", "none,group_thresholds")
    assert "group_thresholds" in said
    few = ["--C", "0.0002"]
    said = person.promote(person.train("--mitigator", "group_thresholds", *few))
    assert "promotion: pass" in said
    assert person.champion() == "1"

    # A model that is unfair is refused, with its reasons, and the champion stays.
    said = person.promote(person.train("--mitigator", "none", *few), code=4)
    assert "promotion: fail" in said.splitlines()[-1]
    refused = person.client.get_model_version(NAME, "2")
    assert refused.tags[PROMOTION] == "refused"
    assert "statistical_parity" in refused.tags[PROMOTION_REASONS]
    assert person.champion() == "1"

    # A better one takes over under load. No answer is lost, and each is that of the version that it
    # names.
    better = person.train("--mitigator", "group_thresholds")
    rows = pd.read_parquet(file).drop(columns="paid").head(400)
    expected: dict[str, pd.DataFrame] = {}
    found: Counter[str] = Counter()
    wrong: list[str] = []
    stop = threading.Event()

    def ask(seed: int) -> None:
        draw = np.random.default_rng(seed)
        while not stop.is_set():
            start = int(draw.integers(len(rows) - ROWS))
            body = records(rows.iloc[start : start + ROWS])
            answer = requests.post(f"{address}/predict", json=body, timeout=30)
            version = answer.headers.get("x-fairrun-model", "")
            found[version] += 1
            if answer.status_code != 200:
                wrong.append(f"{answer.status_code}: {answer.text}")
                continue
            answers.append((version, start, answer.json()))

    answers: list[tuple[str, int, object]] = []
    uri = f"models:/{NAME}@champion"
    log = tmp_path / "app.log"
    with in_a_process(uri, log, tracking_uri=caller.store, poll=1) as (_, port):
        address = f"http://127.0.0.1:{port}"
        threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        try:
            assert "promotion: pass" in person.promote(better)
            wait_for(address, "3")
            # A rollback takes over in the same way.
            person.type("rollback", *words(name=NAME, reason="a test of the way back"))
            wait_for(address, "1")
        finally:
            stop.set()
            for thread in threads:
                thread.join()
    assert wrong == []
    assert {*found} == {f"{NAME}/1", f"{NAME}/3"}
    track_at(caller.store)
    for version in ("1", "3"):
        expected[f"{NAME}/{version}"] = mlflow.pyfunc.load_model(
            f"models:/{NAME}/{version}"
        ).predict(rows)
    for named, start, answer in answers:
        assert isinstance(answer, dict)
        of_version = expected[named].iloc[start : start + ROWS]
        assert answer["predictions"] == of_version["prediction"].tolist()
        assert answer["probabilities"] == of_version["probability"].tolist()

    # All of it is in an unbroken history.
    assert person.champion() == "1"
    assert "unbroken" in person.type("history", "--name", NAME)
    assert not read_history(NAME).problems


def wait_for(address: str, version: str) -> None:
    """Wait until the app serves a version."""
    for _ in range(600):
        served = requests.get(f"{address}/version", timeout=30).json()
        if served["version"] == version:
            return
        threading.Event().wait(0.1)
    raise AssertionError(served)
