from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from fairrun.data import Dataset
from fairrun.groups import Protected
from fairrun.inference import describe
from fairrun.models.saved import SavedModel
from fairrun.serving.app import create_app
from fairrun.serving.openapi import openapi_document
from fairrun.training import FairClassifier
from tests.contract.conftest import Case
from tests.serving.conftest import Ask, records, send
from tests.serving.test_security import TOKEN


@pytest.fixture
def document(ask: Ask) -> dict[str, Any]:
    return dict(ask(path="/openapi.json", method="GET").json())


def valid(document: dict[str, Any], name: str, value: Any) -> bool:
    """Whether a value fits a schema of the document."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    return bool(Draft202012Validator(schema).is_valid(value))


def test_the_columns_are_the_models(document: dict[str, Any], case: Case) -> None:
    record = document["components"]["schemas"]["Record"]
    assert list(record["properties"]) == record["required"] == list(case.model.columns)
    seen, other = record["properties"]["job"]["anyOf"]
    assert seen["enum"] == ["clerk", "rare", "sales", "Ärztin"]
    assert other["type"] == "string"
    groups, neither = record["properties"]["sex"]["anyOf"]
    assert groups["enum"] == ["Male", "Female", None]
    assert neither["type"] == ["string", "null"]
    assert record["properties"]["age"]["type"] == "number"


def test_where_others_are_refused_the_values_are_all_there_are(case: Case) -> None:
    encoder = replace(case.model.encoder, unseen="error", impute=True)
    model = replace(case.model, encoder=encoder)
    document = openapi_document(describe(model), version="1", mitigator=None, token=False)
    properties = document["components"]["schemas"]["Record"]["properties"]
    assert properties["job"]["enum"] == ["clerk", "rare", "sales", "Ärztin", None]
    assert properties["age"]["type"] == ["number", "null"]


def test_every_example_is_answered(document: dict[str, Any], ask: Ask) -> None:
    content = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    schemas = {"split": "Split", "records": "Records", "record": "Record"}
    for name, example in content["examples"].items():
        assert valid(document, schemas[name], example["value"])
        response = ask(example["value"])
        assert response.status_code == 200, response.text
        assert valid(document, "Answers", response.json())


def test_answers_and_errors_are_as_described(document: dict[str, Any], ask: Ask, rows: Any) -> None:
    assert valid(document, "Answers", ask(records(rows)).json())
    assert valid(document, "Error", ask(records(rows.drop(columns="age"))).json())
    assert not valid(document, "Answers", {})
    assert not valid(document, "Record", {"age": 3})


def test_the_document_is_of_the_version_it_names(document: dict[str, Any]) -> None:
    assert document["info"]["title"] == "fairrun: correlation_remover+equalized_odds"
    for name in document["components"]["schemas"]:
        assert isinstance(valid(document, name, {}), bool)


def test_a_token_is_asked_for_where_there_is_one(case: Case) -> None:
    app = create_app(case.uri, token=TOKEN)
    headers = {"authorization": f"Bearer {TOKEN}"}
    document = send(app, path="/openapi.json", method="GET", headers=headers).json()
    assert document["security"] == [{"token": []}]
    assert document["paths"]["/health"]["get"]["security"] == []
    responses = document["paths"]["/predict"]["post"]["responses"]
    assert "401" in responses
    assert "403" not in responses


def test_the_page_loads_nothing_from_elsewhere(ask: Ask, saved: SavedModel) -> None:
    page = ask(path="/docs", method="GET")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "http" not in page.text
    for name in ("swagger-ui.css", "swagger-ui-bundle.js", "page.js"):
        assert f'"docs/{name}"' in page.text
        assert ask(path=f"/docs/{name}", method="GET").status_code == 200
    assert json.dumps(saved.description)


def test_a_value_of_four_rows_is_not_in_the_document(people: Dataset) -> None:
    """Neither a category, nor a protected value of a model that reads the group."""
    train = people.splits["train"]
    frame = train.frame.copy()
    for column, place in (("job", 0), ("sex", 10)):
        frame.iloc[place : place + 4, frame.columns.get_loc(column)] = "Zachariasiewicz"
    method = "correlation_remover+equalized_odds"
    model = FairClassifier(Protected("sex", "Male"), mitigator=method, changeable=["job"])
    described = describe(model.fit(frame, train.label).inference_)
    document = openapi_document(described, version="1", mitigator=method, token=False)
    assert "clerk" in json.dumps(document)
    assert "Female" in json.dumps(document)
    assert "Zachariasiewicz" not in json.dumps(document)
