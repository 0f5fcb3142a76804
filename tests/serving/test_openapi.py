from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import mlflow
import pytest
from jsonschema_rs import Draft202012Validator

import fairrun.inference
from fairrun.data import Dataset
from fairrun.groups import Protected
from fairrun.inference import InferenceModel, describe
from fairrun.models.provenance import Provenance
from fairrun.models.saved import SavedModel
from fairrun.serving.app import create_app
from fairrun.serving.limits import Limits
from fairrun.serving.openapi import openapi_document
from fairrun.training import FairClassifier
from tests.contract.conftest import Case
from tests.serving.conftest import Ask, records, send
from tests.serving.test_security import TOKEN


@pytest.fixture
def document(ask: Ask) -> dict[str, Any]:
    return dict(ask(path="/openapi.json", method="GET").json())


def document_of(description: dict[str, Any], model: InferenceModel) -> dict[str, Any]:
    """The document of a model that is not saved."""
    saved = SavedModel(fairrun.inference, model, description)
    return openapi_document(saved, Provenance("models:/income/3"), Limits(), token=False)


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
    document = document_of(describe(model), model)
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
    assert document["openapi"] == "3.1.0"
    for name in document["components"]["schemas"]:
        assert isinstance(valid(document, name, {}), bool)


def test_the_title_is_the_name_and_the_version_or_the_mitigator_and_the_run(
    document: dict[str, Any], case: Case
) -> None:
    run_id = str(case.loaded.metadata.run_id)
    title = f"correlation_remover+equalized_odds, run {run_id[:8]}"
    assert (document["info"]["title"], document["info"]["version"]) == (title, run_id)
    client = mlflow.MlflowClient()
    client.create_registered_model("titled")
    client.create_model_version("titled", case.uri, tags={"fairness.gate": "insufficient_evidence"})
    client.set_registered_model_alias("titled", "champion", "1")
    info = create_app("models:/titled@champion").openapi()["info"]
    assert (info["title"], info["version"]) == ("titled, version 1", "1")
    assert "Verdict of the fairness gate: insufficient evidence" in info["description"]


def test_each_status_has_an_example_of_its_own(document: dict[str, Any], ask: Ask) -> None:
    codes: list[str] = []
    for path, methods in document["paths"].items():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                for kind, content in response["content"].items():
                    assert {"example", "examples"} & {*content}, (path, status)
                    values = [each["value"] for each in content.get("examples", {}).values()]
                    schema = content["schema"] | {"components": document["components"]}
                    assert all(map(Draft202012Validator(schema).is_valid, values))
                    if status != "200":
                        assert kind == "application/json"
                        codes += [each["error"]["code"] for each in values if path == "/predict"]
    assert len(codes) == len({*codes}) == 13
    version = document["paths"]["/version"]["get"]["responses"]["200"]["content"]
    example = version["application/json"]["examples"]["example"]["value"]
    assert example == ask(path="/version", method="GET").json()
    for path in ("/nothing", "/version"):  # status 404, and status 405 for POST
        assert ask([], path=path).text in document["info"]["description"]


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
    for name in ("swagger-ui.css", "swagger-ui-bundle.js", "page.css", "page.js"):
        assert f'"docs/{name}"' in page.text
        assert ask(path=f"/docs/{name}", method="GET").status_code == 200
    assert json.dumps(saved.description)


@pytest.mark.parametrize("token", [None, TOKEN])
def test_the_root_leads_to_the_page(case: Case, token: str | None) -> None:
    response = send(create_app(case.uri, token=token), path="/", method="GET")
    assert (response.status_code, response.headers["location"]) == (307, "docs")
    assert "default-src 'self'" in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.content == b""


def test_the_page_asks_for_the_token_in_a_form(case: Case) -> None:
    """A dialog of the browser would stop everything else, also programs that open the page."""
    app = create_app(case.uri, token=TOKEN)
    page, script = (send(app, path=path, method="GET").text for path in ("/docs", "/docs/page.js"))
    assert '<input id="token" type="password"' in page
    assert '<label for="token">' in page
    assert "prompt(" not in script
    assert "correlation_remover" not in page + script


def test_a_value_of_four_rows_is_not_in_the_document(people: Dataset) -> None:
    """Neither a category, nor a protected value of a model that reads the group."""
    train = people.splits["train"]
    frame = train.frame.copy()
    for column, place in (("job", 0), ("sex", 10)):
        frame.iloc[place : place + 4, frame.columns.get_loc(column)] = "Zachariasiewicz"
    method = "correlation_remover+equalized_odds"
    model = FairClassifier(Protected("sex", "Male"), mitigator=method, changeable=["job"])
    fitted = model.fit(frame, train.label).inference_
    document = document_of(describe(fitted), fitted)
    assert "clerk" in json.dumps(document)
    assert "Female" in json.dumps(document)
    assert "Zachariasiewicz" not in json.dumps(document)
