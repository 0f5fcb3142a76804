"""Every form of the same rows gets the same answer on every way, to the bit; docs/rows.md shows it.

`PYTHONPATH=. python tests/contract/test_every_form.py` writes the tables of the page anew.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import mlflow
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import requests
from mlflow.exceptions import MlflowException
from mlflow.pyfunc.scoring_server import init

from fairrun.client import Client, RefusedError
from fairrun.data import prepare
from fairrun.groups import ProtectedColumn
from fairrun.inference import OUTPUT_COLUMNS, InputError, take_columns, text_codes, texts
from fairrun.models.log import log_model
from fairrun.serving.app import create_app
from fairrun.training import FairClassifier
from tests.conftest import ROOT
from tests.contract.conftest import Case
from tests.contract.forms import FORMS, SPEC, Form, make_rows, plain, with_nulls
from tests.contract.test_stock_server import ask, serving
from tests.serving.running import in_a_thread

PAGE = ROOT / "docs" / "rows.md"
SAME, ELSE, BLANK, BY_MLFLOW = "yes", "another answer", "", "refused by MLflow"
RAW = make_rows(900, seed=3)
ROWS = RAW.drop(columns="paid").head(60)
#: MLflow compares names and the type of the table before the model gets the rows.
NOT_ANSWERED = {
    ("a column named 0, not '0'", "pyfunc"): BY_MLFLOW,
    ("a column named 0, not '0'", "server, split"): BY_MLFLOW,
    ("polars DataFrame", "pyfunc"): BY_MLFLOW,
    ("pyarrow Table", "pyfunc"): BY_MLFLOW,
    ("pyarrow RecordBatch", "pyfunc"): BY_MLFLOW,
}
#: pandas writes a Decimal into JSON as text, and text in a column of numbers is refused.
NOT_ANSWERED |= {
    (form, way): "refused"
    for form in ("object: Decimal and None", "Arrow: decimal")
    for way in ("server, split", "server, records", "server, inputs", "app, JSON")
}


@dataclass(frozen=True)
class Ways:
    """The ways to ask one model."""

    case: Case
    mlflow_server: Callable[[str, str], httpx.Response]
    address: str
    cells: dict[tuple[str, str], str] = field(default_factory=dict)

    def library(self, rows: Any) -> pd.DataFrame:
        return self.case.model.predict(rows)

    def pyfunc(self, rows: Any) -> pd.DataFrame:
        return pd.DataFrame(self.case.loaded.predict(rows))

    def split(self, rows: pd.DataFrame) -> pd.DataFrame:
        return self._stock(f'{{"dataframe_split": {_json(rows, "split")}}}')

    def records(self, rows: pd.DataFrame) -> pd.DataFrame:
        return self._stock(f'{{"dataframe_records": {_json(rows, "records")}}}')

    def inputs(self, rows: pd.DataFrame) -> pd.DataFrame:
        return self._stock(f'{{"inputs": {_json(rows, "records")}}}')

    def stock_csv(self, rows: pd.DataFrame) -> pd.DataFrame:
        return self._stock(rows.to_csv(index=False), "text/csv")

    def app(self, rows: pd.DataFrame) -> pd.DataFrame:
        return self._app(_json(rows, "split"))

    def app_csv(self, rows: pd.DataFrame) -> pd.DataFrame:
        return self._app(rows.to_csv(index=False), "text/csv")

    def client(self, rows: Any) -> pd.DataFrame:
        return Client(self.address).predict(rows)

    def _stock(self, body: str, kind: str = "application/json") -> pd.DataFrame:
        response = self.mlflow_server(body, kind)
        if response.status_code != 200:
            message = response.json()["message"]
            # MLflow begins with the rows, ours is one line.
            raise (InputError if message.startswith("column ") else MlflowException)(message)
        return pd.DataFrame(response.json()["predictions"])

    def _app(self, body: str, kind: str = "application/json") -> pd.DataFrame:
        response = requests.post(
            f"{self.address}/predict",
            data=body.encode(),
            headers={"Content-Type": kind},
            timeout=60,
        )
        content = response.json()
        if response.status_code != 200:
            raise InputError(content["error"]["message"])
        decided = content.get("decision_probabilities", content["predictions"])
        values = (content["predictions"], content["probabilities"], decided)
        return pd.DataFrame(dict(zip(OUTPUT_COLUMNS, values, strict=True)))


#: Heading, method, and whether the way takes text that pandas wrote.
WAYS: tuple[tuple[str, Callable[[Ways, Any], pd.DataFrame], bool], ...] = (
    ("library", Ways.library, False),
    ("pyfunc", Ways.pyfunc, False),
    ("server, split", Ways.split, True),
    ("server, records", Ways.records, True),
    ("server, inputs", Ways.inputs, True),
    ("app, JSON", Ways.app, True),
    ("app, CSV", Ways.app_csv, True),
    ("client", Ways.client, False),
)


def _json(rows: pd.DataFrame, orient: Any) -> str:
    text: str = rows.to_json(orient=orient, double_precision=15, date_format="iso")
    return text


@contextmanager
def ways(case: Case) -> Iterator[Ways]:
    """Serve a model with MLflow's server, in this process, and with our app."""
    before = dict(os.environ)
    stock = init(case.loaded)  # sets a variable of the environment

    def send(body: str, kind: str) -> httpx.Response:
        async def answered() -> httpx.Response:
            transport = httpx.ASGITransport(stock)
            async with httpx.AsyncClient(transport=transport, base_url="http://stock") as client:
                headers = {"content-type": kind}
                return await client.post("/invocations", content=body, headers=headers)

        return asyncio.run(answered())

    try:
        with in_a_thread(create_app(case.uri, processes=1)) as address:
            yield Ways(case, send, address)
    finally:
        os.environ.clear()
        os.environ.update(before)


def fitted() -> Case:
    """Fit and log a model that was trained as text on integers and booleans."""
    train = prepare(SPEC, RAW).splits["train"]
    classifier = FairClassifier(
        SPEC.protected[0],
        mitigator="group_thresholds",
        mitigator_params={"confidence": 0.5, "tolerance": 0.0},
        missing="keep",
        changeable=("age",),
    )
    classifier.fit(train.frame, train.label)
    with mlflow.start_run():
        columns = [ProtectedColumn.from_frame(train.frame, SPEC.protected[0])]
        logged = log_model(classifier.inference_, SPEC, columns, classifier.mitigator)
    folder = Path(mlflow.artifacts.download_artifacts(logged.uri))
    return Case(classifier, logged.uri, folder, mlflow.pyfunc.load_model(logged.uri))


def cell(asked: Ways, form: Form, way: str) -> str:
    """Return a cell of the table, which is asked for once."""
    place = (form.name, way)
    if place not in asked.cells:
        asked.cells[place] = compare(asked, form, way)
    return asked.cells[place]


def compare(asked: Ways, form: Form, way: str) -> str:
    """Ask for rows in a form on a way, and say whether the answer is that of the plain rows."""
    rows = with_nulls(ROWS) if form.nulls else ROWS
    expected = asked.case.model.predict(plain(rows))
    method, as_text = next(each[1:] for each in WAYS if each[0] == way)
    if as_text and not form.text:
        return BLANK
    try:
        answers = method(asked, form.make(rows))
    except MlflowException as error:
        return "refused" if type(error).__name__ == "InputException" else BY_MLFLOW
    except (InputError, RefusedError):
        return "refused"
    return SAME if same(answers, expected) else ELSE


def same(answers: pd.DataFrame, expected: pd.DataFrame) -> bool:
    return all(
        np.asarray(answers[name].astype(expected[name].dtype)).tobytes()
        == expected[name].to_numpy().tobytes()
        for name in OUTPUT_COLUMNS
    )


def forms_table(asked: Ways) -> str:
    headings = [heading for heading, *_ in WAYS]
    lines = [[form.name, *(cell(asked, form, way) for way in headings)] for form in FORMS]
    return as_table(["the same rows as", *headings], lines)


#: What MLflow says before the model gets the rows.
FIRST: tuple[tuple[str, Callable[[Ways], Any]], ...] = (
    ("pyfunc: a column is missing", lambda w: w.pyfunc(ROWS.drop(columns="hours"))),
    ("pyfunc: a column stands twice", lambda w: w.pyfunc(pd.concat([ROWS, ROWS[["job"]]], axis=1))),
    (
        "pyfunc: a column stands twice, in two rows",
        lambda w: w.pyfunc(pd.concat([ROWS, ROWS[["job"]]], axis=1).head(2)),
    ),
    ("pyfunc: a column is named 0, not '0'", lambda w: w.pyfunc(ROWS.rename(columns={"0": 0}))),
    ("pyfunc: a pyarrow Table", lambda w: w.pyfunc(pa.Table.from_pandas(ROWS))),
    ("pyfunc: a list of records", lambda w: w.pyfunc(ROWS.to_dict("records"))),
    ("server: a column is missing", lambda w: w.records(ROWS.drop(columns="hours"))),
    ("server: a CSV body", lambda w: w.stock_csv(ROWS)),
    ("pyfunc: a parameter that does not exist", lambda w: unknown_parameter(w)),
)


def unknown_parameter(asked: Ways) -> pd.DataFrame:
    return pd.DataFrame(asked.case.loaded.predict(ROWS, params={"explian": True}))


def first(asked: Ways, ask_it: Callable[[Ways], Any]) -> tuple[str, str]:
    """Return who answers, and the end of the message, which holds no row."""
    try:
        answers = ask_it(asked)
    except MlflowException as error:
        (*_, last) = error.message.rpartition("Error: ")
        ours = type(error).__name__ == "InputException"
        last = last.strip().removesuffix("'" if last.count("'") % 2 else "")
        return "fairrun" if ours else "MLflow", last
    assert same(answers, asked.case.model.predict(plain(ROWS)))
    return "fairrun", "answered"


def first_table(asked: Ways) -> str:
    lines = [[name, *first(asked, ask_it)] for name, ask_it in FIRST]
    return as_table(["rows", "answered by", "with"], lines)


def as_table(headings: list[str], lines: list[list[str]]) -> str:
    rows = [headings, [":---"] * len(headings), *lines]
    return "\n".join(f"| {' | '.join(row)} |".replace("  |", " |") for row in rows)


def written(page: str, name: str, table: str) -> str:
    """Return the page with a table between its markers."""
    start, end = f"<!-- {name} -->\n", f"\n<!-- /{name} -->"
    before, _, rest = page.partition(start)
    _, found, after = rest.partition(end)
    assert found, f"docs/rows.md has no markers for {name}"
    return f"{before}{start}{table}{end}{after}"


def rewritten(page: str, asked: Ways) -> str:
    page = written(page, "forms", forms_table(asked))
    return written(page, "first", first_table(asked))


@pytest.fixture(scope="module")
def asked(store: str) -> Iterator[Ways]:
    with ways(fitted()) as asked:
        yield asked


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_the_same_answer_on_every_way(asked: Ways, form: Form) -> None:
    for way, _, as_text in WAYS:
        expected = BLANK if as_text and not form.text else SAME
        assert cell(asked, form, way) == NOT_ANSWERED.get((form.name, way), expected), way


def test_the_page_has_the_tables(asked: Ways) -> None:
    page = PAGE.read_text("utf-8")
    assert rewritten(page, asked) == page, "run python tests/contract/test_every_form.py"


def test_one_row_is_read_as_a_batch_is(asked: Ways) -> None:
    """The shortcut for one row meets every dtype alone, and beside others that pandas casts to."""
    for form in FORMS:
        rows = with_nulls(ROWS) if form.nulls else ROWS
        made = form.make(rows)
        if isinstance(made, pd.DataFrame):
            alone = [asked.library(made.iloc[[place]]) for place in range(12)]
            expected = asked.library(made).head(12)
            assert same(pd.concat(alone), expected), form.name


def test_large_codes_are_read_in_full() -> None:
    """Two integers that float64 cannot tell apart, beside a column of floats."""
    frame = pd.DataFrame({"code": [2**53 + 1, 2**53], "x": [0.5, 1.5]})
    for rows in (frame, frame.head(1)):
        taken = take_columns(rows, ("code",))
        assert texts(taken.values["code"], "code")[0] == str(2**53 + 1)


INDEXES = {
    "text": lambda n: pd.Index([f"person {row}" for row in range(n)], name="who"),
    "duplicate": lambda n: pd.Index([row % 7 for row in range(n)]),
    "multi": lambda n: pd.MultiIndex.from_arrays([np.arange(n) % 3, range(n)]),
    "shuffled": lambda n: pd.Index(np.random.default_rng(0).permutation(n)),
}
ALL = {"explain": True, "feature_importance": True, "counterfactuals": True}


@pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES)
@pytest.mark.parametrize("n_rows", [0, 1, len(ROWS)])
def test_answers_have_the_index_of_the_rows(
    asked: Ways, index: Callable[[int], pd.Index], n_rows: int
) -> None:
    rows = ROWS.head(n_rows)
    expected = pd.DataFrame(asked.case.loaded.predict(rows, params=ALL))
    frame = rows.set_axis(index(n_rows))
    for answers in (
        pd.DataFrame(asked.case.loaded.predict(frame, params=ALL)),
        Client(asked.address).predict(frame, **ALL),
    ):
        pd.testing.assert_index_equal(answers.index, frame.index)
        assert answers.to_dict("list") == expected.to_dict("list")
    for plain_answers in (asked.library(frame), asked.case.model.answer(frame).to_frame()):
        pd.testing.assert_index_equal(plain_answers.index, frame.index)


def test_shuffled_rows_join_their_own_answers(asked: Ways) -> None:
    expected = asked.library(ROWS)["probability"]
    for ask_it in (asked.library, asked.pyfunc, asked.client):
        shuffled = ROWS.sample(frac=1, random_state=1)
        joined = ROWS.assign(p=ask_it(shuffled).probability)
        assert (joined["p"] == expected).all()


@pytest.mark.parametrize(
    "value",
    [
        pd.Timestamp("2026-01-02"),
        np.datetime64("2026-01-02", "ns"),
        np.timedelta64(7, "ns"),
        pd.Timedelta(1),
        b"7391842",
        [7391842],
        {"x": 7391842},
        7391842j,
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize(("column", "said"), [("age", "not a number"), ("code", "not text")])
@pytest.mark.parametrize("n_rows", [1, 3])
def test_what_is_no_number_and_no_text_is_refused(
    asked: Ways, value: Any, column: str, said: str, n_rows: int
) -> None:
    rows = ROWS.head(n_rows).astype({column: object})
    rows[column] = pd.Series([*rows[column][:-1], value], dtype=object)
    with pytest.raises(InputError) as raised:
        asked.library(rows)
    assert str(raised.value) == f"column {column!r}: {said} in row {n_rows - 1}"
    with pytest.raises(MlflowException) as raised_by_mlflow:
        asked.pyfunc(rows)
    message = raised_by_mlflow.value.message
    if isinstance(value, complex):  # pandas makes complex numbers of the whole column
        assert message.startswith(f"column {column!r}: {said} in row")
    else:
        assert message == str(raised.value)
    of_dtype = rows.assign(**{column: [value] * n_rows})  # a dtype of its own, where there is one
    with pytest.raises(InputError, match=f"{said} in row"):
        asked.library(of_dtype)


def test_a_number_is_no_code_with_a_leading_zero() -> None:
    known = {"01": 0, "02": 1, "10": 2}
    assert text_codes(["01", "10", "7"], "code", known).tolist() == [0, 2, -2]
    for value in (1, 10, 1.0, np.int8(1)):
        with pytest.raises(InputError, match="not text in row 0; give text, because"):
            text_codes([value], "code", known)
    assert text_codes([True, "x"], "member", {"True": 0, "x": 1}).tolist() == [0, 1]
    for known, value in (({"1": 0}, True), ({"True": 0}, 1), ({"clerk": 0}, 1), ({"nan": 0}, 1.0)):
        with pytest.raises(InputError, match="not text in row 0"):
            text_codes([value], "x", known)


def test_the_types_can_be_read_in_mlflow(asked: Ways) -> None:
    columns = asked.case.loaded.metadata.metadata["fairrun"]["columns"]
    assert {"name": "hours", "type": "number", "role": "feature"} in columns
    logged = mlflow.get_logged_model(asked.case.uri.removeprefix("models:/"))
    lines = logged.tags["mlflow.note.content"].splitlines()
    assert {"- hours: number", "- code: text", "- region: text (protected)"} <= {*lines}


def test_polars_itself(asked: Ways) -> None:
    polars = pytest.importorskip("polars")
    for rows in (ROWS, with_nulls(ROWS)):
        table = polars.from_arrow(pa.Table.from_pandas(rows))
        assert same(asked.library(table), asked.library(plain(rows)))
        assert same(asked.client(table), asked.library(plain(rows)))


@pytest.mark.slow
def test_mlflow_serves_and_predicts_the_file(asked: Ways, tmp_path: Path) -> None:
    """MLflow's commands on the file as it is: CSV is parsed by the guess of pandas, and fits."""
    rows, folder = ROWS[ROWS["job"] != "NA"], asked.case.folder
    expected = asked.library(plain(rows))
    rows.to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "rows.json").write_text(f'{{"dataframe_split": {_json(rows, "split")}}}')
    for kind in ("csv", "json"):
        command = ["models", "predict", "-m", str(folder), "--env-manager", "local", "-t", kind]
        files = ["-i", str(tmp_path / f"rows.{kind}"), "-o", str(tmp_path / "answers")]
        mlflow_command = str(Path(sys.executable).parent / "mlflow")
        subprocess.run([mlflow_command, *command, *files], check=True, cwd=tmp_path)
        content = json.loads((tmp_path / "answers").read_text("utf-8"))
        assert same(pd.DataFrame(content["predictions"]), expected)
    with serving(folder, Path(sys.executable), tmp_path / "server.log") as port:
        status, content = ask(port, (tmp_path / "rows.json").read_text("utf-8"))
        assert status == 200
        assert same(pd.DataFrame(content["predictions"]), expected)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as kept:
        mlflow.set_tracking_uri(f"sqlite:///{kept}/mlflow.db")
        mlflow.create_experiment("rows", artifact_location=Path(kept, "artifacts").as_uri())
        mlflow.set_experiment("rows")
        with ways(fitted()) as to_ask:
            PAGE.write_text(rewritten(PAGE.read_text("utf-8"), to_ask), "utf-8")
