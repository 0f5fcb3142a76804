"""The examples of the documentation are what the app does."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

import fairrun.inference
from fairrun.groups import Protected
from fairrun.inference import describe
from fairrun.models.saved import SavedModel
from fairrun.serving.answering import answer
from fairrun.serving.app import create_app
from fairrun.serving.examples import (
    answer_examples,
    as_written,
    csv_text,
    error_examples,
    example_rows,
)
from fairrun.serving.limits import Limits
from fairrun.serving.schemas import column_schema
from fairrun.training import FairClassifier
from tests.contract.conftest import Case
from tests.people import make_raw
from tests.serving.conftest import send
from tests.serving.test_security import TOKEN

LABELS = "labels and probabilities"
CSV = {"content-type": "text/csv"}


@pytest.mark.parametrize(
    ("number", "said"),
    [
        *((38.0, "38"), (0.25, "0.25"), (-0.0, "0"), (178566.25, "178566"), (1e6, "1000000")),
        *(
            (0.5210239844490644, "0.521"),
            (44.5, "44.5"),
            (-12.3456789, "-12.35"),
            (0.0004, "0.0004"),
        ),
    ],
)
def test_numbers_are_as_people_write_them(number: float, said: str) -> None:
    assert json.dumps(as_written(number)) == said


@pytest.fixture(scope="module")
def yes_or_no() -> SavedModel:
    """A model whose text and protected columns are true and false, and with a tiny number."""
    frame, label = make_raw(400, seed=1).drop(columns="paid"), make_raw(400, seed=1)["paid"]
    frame = frame.assign(
        member=(frame["age"] > 40).astype(str),
        sex=frame["sex"] == "Male",
        tiny=frame["age"] * 1.0000001e-7,
    ).dropna()
    positive = (label[frame.index] == "high").to_numpy().astype(int)
    method = "correlation_remover+equalized_odds"
    model = FairClassifier(Protected("sex", "True"), mitigator=method)
    model = model.fit(frame, positive).inference_
    return SavedModel(fairrun.inference, model, describe(model))


def test_booleans_are_booleans(yes_or_no: SavedModel) -> None:
    columns = yes_or_no.description["columns"]
    places = [yes_or_no.names.index(name) for name in ("member", "sex")]
    for row in example_rows(columns):
        assert {type(row[place]) for place in places} == {bool}
        record = dict(zip(yes_or_no.names, row, strict=True))
        assert answer(yes_or_no, json.dumps(record).encode()).status == 200
    for place in places:
        schema = column_schema(columns[place], True)
        assert schema["examples"] == [True]
        assert schema["anyOf"][0]["enum"][:4] in (
            [False, True, "False", "True"],
            [True, False, "True", "False"],
        )


def test_csv_has_no_exponent_and_is_answered(yes_or_no: SavedModel) -> None:
    text = csv_text(yes_or_no.description["columns"])
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["tiny"].startswith("0.00000")
    assert answer(yes_or_no, text.encode(), kind=b"text/csv").status == 200


def test_an_answer_is_that_of_the_model(saved: SavedModel) -> None:
    examples = answer_examples(saved)
    assert [*examples] == [
        "labels and probabilities",
        "explain=true, top_k=3",
        "counterfactuals=true",
        "reasons=true",
    ]
    (notice,) = examples.pop("reasons=true")["value"]["reasons"]
    assert notice["text"]
    row = dict(zip(saved.names, example_rows(saved.description["columns"])[0], strict=True))
    given = saved.predict(pd.DataFrame([row]))
    for example in examples.values():
        value = example["value"]
        assert value["predictions"] == given["prediction"].tolist()
        assert value["probabilities"] == pytest.approx(given["probability"].tolist(), abs=1e-3)
    assert len(examples["explain=true, top_k=3"]["value"]["explanations"][0]["contributions"]) == 3


def test_a_model_without_reasons_has_no_example_of_them(saved: SavedModel) -> None:
    description = {**saved.description, "explains": False, "changeable": []}
    assert [*answer_examples(replace(saved, description=description))] == [
        "labels and probabilities"
    ]


@pytest.mark.parametrize(
    ("status", "code", "request_"),
    [
        (400, "not_json", {"body": "{"}),
        (400, "not_csv", {"body": b"\xff", "headers": CSV}),
        (413, "too_large", {"body": b" " * 70_000}),
        (415, "wrong_content_type", {"body": [], "headers": {"content-type": "text/plain"}}),
        (422, "wrong_shape", {"body": [1]}),
        (422, "invalid_parameter", {"body": [], "path": "/predict?explian=true"}),
    ],
)
def test_a_refusal_is_what_the_app_answers(
    case: Case, saved: SavedModel, status: int, code: str, request_: dict[str, Any]
) -> None:
    limits = Limits(body_bytes=65_536)
    response = send(create_app(case.uri, limits=limits), **request_)
    assert response.status_code == status
    assert response.json() == error_examples(saved, limits, token=False)[status][code]["value"]


def test_a_refusal_without_the_right_is_what_the_app_answers(case: Case, saved: SavedModel) -> None:
    for token, status, address in ((None, 403, "http://10.0.0.7"), (TOKEN, 401, "http://10.0.0.7")):
        response = send(create_app(case.uri, token=token), [], address=address)
        assert response.status_code == status
        (example,) = error_examples(saved, Limits(), token=bool(token))[status].values()
        assert response.json() == example["value"]


def test_a_wrong_row_names_a_column_of_the_model(saved: SavedModel) -> None:
    examples = error_examples(saved, Limits(), token=False)
    error = examples[422]["invalid_rows"]["value"]["error"]
    assert (error["row"], error["column"]) == (1, saved.names[0])
    assert [*examples] == [400, 422, 403, 408, 413, 415, 431, 500, 503, 504]
