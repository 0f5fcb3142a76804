"""MLflow's own scoring server, over HTTP: raw rows in, and no 5xx of what reaches `predict`."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.contract.conftest import Case

CANARY = "7391842.25"  # in a row that is refused; no answer of ours may hold it


@contextmanager
def serving(model: Path, python: Path, log: Path) -> Iterator[int]:
    """Start `mlflow models serve` with the packages of `python`; yields its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environment["PATH"] = f"{python.parent}{os.pathsep}{environment['PATH']}"
    environment["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "false"
    command = ["models", "serve", "-m", str(model), "--env-manager", "local", "-p", str(port)]
    with log.open("w") as output:
        server = subprocess.Popen(
            [str(python.parent / "mlflow"), *command],
            cwd=log.parent,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            wait_for(port, server, log)
            yield port
        finally:
            os.killpg(server.pid, 15)
            server.wait()


def wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        assert server.poll() is None, log.read_text("utf-8")
        try:
            if ask(port, None, "/ping")[0] == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(log.read_text("utf-8"))


def ask(port: int, body: Any, path: str = "/invocations") -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    text = body if isinstance(body, str) else json.dumps(body)
    headers = {"Content-Type": "application/json"}
    connection.request("GET" if body is None else "POST", path, text, headers)
    answer = connection.getresponse()
    content = answer.read().decode()
    connection.close()
    return answer.status, json.loads(content) if content.strip().startswith("{") else content


def split(frame: pd.DataFrame) -> dict[str, Any]:
    return {"dataframe_split": json.loads(frame.to_json(orient="split", index=False))}


@pytest.fixture(scope="module")
def case(cases: dict[str, Case]) -> Case:
    return cases["disparate_impact_remover"]


@pytest.fixture(scope="module")
def good(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.iloc[20:40].reset_index(drop=True)


@pytest.fixture(scope="module")
def port(case: Case, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    log = tmp_path_factory.mktemp("server") / "server.log"
    with serving(case.folder, Path(sys.executable), log) as port:
        yield port


def expect(case: Case, rows: pd.DataFrame, answer: tuple[int, Any]) -> None:
    status, content = answer
    assert status == 200, content
    got = pd.DataFrame(content["predictions"])
    expected = case.model.predict(rows)
    pd.testing.assert_frame_equal(got, expected, check_exact=True, check_dtype=False)


def test_raw_rows_in_every_shape_mlflow_takes(case: Case, port: int, good: pd.DataFrame) -> None:
    expect(case, good, ask(port, split(good)))
    records = json.loads(good.to_json(orient="records"))
    expect(case, good, ask(port, {"dataframe_records": records}))
    expect(case, good.head(1), ask(port, {"inputs": records[:1]}))
    expect(case, good.iloc[:, ::-1], ask(port, split(good.iloc[:, ::-1])))


def test_null_and_unseen_groups_are_answered(case: Case, port: int, good: pd.DataFrame) -> None:
    for value in (None, "unheard of"):
        rows = good.assign(sex=pd.Series([value] * len(good), dtype=object))
        expect(case, rows, ask(port, split(rows)))


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("job", float(CANARY), "column 'job': not text in row 3"),
        ("job", None, "column 'job': null in row 3; fill it, or train with missing=keep"),
        ("age", None, "column 'age': null in row 3; fill it, or train with missing=keep"),
        ("age", f"{CANARY}x", "column 'age': not a number in row 3"),
        ("age", CANARY, "column 'age': not a number in row 3"),
        ("sex", float(CANARY), "column 'sex': not text in row 3"),
    ],
)
def test_what_reaches_predict_is_refused_in_one_line(
    port: int, good: pd.DataFrame, column: str, value: object, said: str
) -> None:
    rows = good.astype({column: object})
    rows.at[3, column] = value
    status, content = ask(port, split(rows))
    assert status == 400
    assert content["error_code"] == "INVALID_PARAMETER_VALUE"
    assert content["message"] == said
    assert "stack_trace" not in content
    assert CANARY not in json.dumps(content)


@pytest.mark.parametrize("text", ["Infinity", "-Infinity", "1e999"])
def test_infinity_is_refused(port: int, good: pd.DataFrame, text: str) -> None:
    body = json.dumps(split(good.head(2).assign(age=[123.5, 40.0]))).replace("123.5", text)
    status, content = ask(port, body)
    assert status == 400
    assert content["message"] == "column 'age': infinite number in row 0"


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.drop(columns="age"),
        lambda rows: rows.drop(columns="sex"),
        lambda rows: pd.concat([rows, rows[["age"]]], axis=1),
        lambda rows: rows[[]],
    ],
    ids=["feature missing", "protected missing", "twice", "no columns"],
)
def test_what_mlflow_refuses_itself_is_a_400(port: int, good: pd.DataFrame, change: Any) -> None:
    frame = change(good)
    body = {"columns": list(frame.columns), "data": np.asarray(frame, dtype=object).tolist()}
    status, content = ask(port, {"dataframe_split": body})
    assert status == 400, content


def test_params_ask_for_explanations(case: Case, port: int, good: pd.DataFrame) -> None:
    explained = case.model.explain(good)
    params = {"explain": True, "top_k": 2, "feature_importance": True}
    for own in (params, params | {"top_k": 0}):
        status, content = ask(port, split(good) | {"params": own})
        assert status == 200, content
        got = pd.DataFrame(content["predictions"])
        assert got.pop("explanation").tolist() == explained.to_dicts(int(own["top_k"]))
        assert got.pop("feature_importance").tolist() == explained.contributions.tolist()
        expected = case.model.predict(good)
        pd.testing.assert_frame_equal(got, expected, check_exact=True, check_dtype=False)
    status, content = ask(port, split(good) | {"params": {"explain": True, "top_k": -1}})
    assert (status, content["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert content["message"].startswith("top_k is negative")


def test_params_ask_for_counterfactuals(case: Case, port: int, good: pd.DataFrame) -> None:
    status, content = ask(port, split(good) | {"params": {"counterfactuals": True}})
    assert status == 200, content
    got = pd.DataFrame(content["predictions"])
    hints = got.pop("counterfactuals").tolist()
    assert hints == case.model.counterfactuals(good)
    assert sum(map(len, hints)) > len(good)
    expected = case.model.predict(good)
    pd.testing.assert_frame_equal(got, expected, check_exact=True, check_dtype=False)


def test_zero_rows(port: int, good: pd.DataFrame) -> None:
    status, content = ask(port, split(good.head(0)))
    assert (status, content) == (200, {"predictions": []})


@pytest.mark.slow
def test_an_environment_of_the_models_own_requirements(
    case: Case, good: pd.DataFrame, tmp_path: Path
) -> None:
    """Load and serve with what the model names for `mlflow models serve`, and nothing else."""
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "env")], check=True)
    python = tmp_path / "env" / "bin" / "python"
    install = [
        str(python),
        "-m",
        "pip",
        "install",
        "-q",
        "-r",
        str(case.folder / "requirements-hashed.txt"),
    ]
    installed = subprocess.run(install, capture_output=True, text=True, check=False)
    if installed.returncode and "No matching distribution" in installed.stderr:
        pytest.skip("no package index can be reached from here")
    assert installed.returncode == 0, installed.stderr
    found = subprocess.run(
        [str(python), "-m", "pip", "list", "--format=freeze"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "mlflow-skinny==" in found
    assert not {"mlflow", "holisticai", "jax"} & {p.partition("==")[0] for p in found.split()}
    with serving(case.folder, python, tmp_path / "server.log") as port:
        expect(case, good, ask(port, split(good)))
