"""The app says why, when it is asked."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from fairrun.inference import describe
from fairrun.models.saved import SavedModel
from fairrun.serving.answering import Reply, answer
from fairrun.serving.app import App
from fairrun.serving.errors import Refused
from fairrun.serving.parameters import Parameters, read_parameters
from tests.contract.conftest import Case
from tests.serving.conftest import Ask, records
from tests.serving.test_openapi import document_of, valid


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (b"", Parameters()),
        (b"explain=true", Parameters(explain=True)),
        (b"explain=True&top_k=2", Parameters(explain=True, top_k=2)),
        (b"feature_importance=true&explain=false", Parameters(feature_importance=True)),
        (b"counterfactuals=true", Parameters(counterfactuals=True)),
        (b"reasons=true&top_k=2", Parameters(reasons=True, top_k=2)),
    ],
)
def test_parameters_are_read(query: bytes, expected: Parameters) -> None:
    assert read_parameters(query) == expected


@pytest.mark.parametrize(
    "query",
    [
        b"explain=yes",
        b"explain=",
        b"explain=true&explain=true",
        b"counterfactuals=1",
        b"top_k=-1",
        b"top_k=1.5",
        b"top_k=9999999999",
        "top_k=²".encode(),
        b"top_k=%C2%B2",
        b"&".join([b"a=1"] * 21),
    ],
)
def test_a_wrong_parameter_is_refused(saved: SavedModel, good: pd.DataFrame, query: bytes) -> None:
    reply = answer(saved, json.dumps(records(good)).encode(), query)
    assert (reply.status, reply.code) == (422, "invalid_parameter")
    with pytest.raises(Refused):
        read_parameters(query)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (b"explian=true", "there is no parameter 'explian'; did you mean explain?"),
        (b"explain=true&counterfactual=true", "did you mean counterfactuals?"),
        (b"age=38", "there is no parameter 'age'; give some of explain, top_k, feature_importance"),
    ],
)
def test_an_unknown_parameter_is_refused_with_the_nearest(query: bytes, said: str) -> None:
    with pytest.raises(Refused, match=re.escape(said)) as raised:
        read_parameters(query)
    assert raised.value.code == "invalid_parameter"
    assert "38" not in str(raised.value)


def test_a_wrong_parameter_is_refused_over_http(ask: Ask, good: pd.DataFrame) -> None:
    response = ask(records(good), path="/predict?explain=perhaps")
    assert response.status_code == 422
    assert response.json()["error"]["message"] == "explain must be true or false"


def test_explanations_are_parallel_to_the_predictions(
    ask: Ask, case: Case, good: pd.DataFrame
) -> None:
    explained = case.model.explain(good)
    plain = ask(records(good)).json()
    for top_k in (0, 3):
        path = f"/predict?explain=true&top_k={top_k}&feature_importance=true"
        content = ask(records(good), path=path).json()
        assert content.pop("explanations") == explained.to_dicts(top_k)
        assert content.pop("feature_importances") == explained.contributions.tolist()
        assert content == plain
    assert "explanations" not in ask(records(good), path="/predict?feature_importance=true").json()
    assert ask([], path="/predict?explain=true").json()["explanations"] == []


def test_what_is_explained_is_not_answered_in_the_server_itself(
    app: App, ask: Ask, good: pd.DataFrame
) -> None:
    class Workers:
        async def ask(self, body: bytes, query: bytes, kind: bytes, gone: object) -> Reply:
            assert gone
            await asyncio.sleep(0)
            return Reply(200, json.dumps([len(body), query.decode(), kind.decode()]).encode())

    app.predict.serving.now.running = Workers()  # type: ignore[assignment]
    (record, *_) = records(good)
    length = len(json.dumps(record))
    for query in ("explain=true", "counterfactuals=true", "reasons=true"):
        assert ask(record, path=f"/predict?{query}").json() == [length, query, "application/json"]
    assert "predictions" in ask(record, path="/predict?explain=false").json()


def test_refused_rows_are_refused(ask: Ask, good: pd.DataFrame) -> None:
    (record,) = records(good.head(1))
    response = ask(record | {"age": None}, path="/predict?explain=true")
    assert (response.status_code, response.json()["error"]["column"]) == (422, "age")


def test_a_model_without_explanations_says_so(saved: SavedModel, good: pd.DataFrame) -> None:
    older = replace(saved, description={**saved.description, "explains": False})
    body = json.dumps(records(good)).encode()
    assert answer(older, body) == answer(saved, body)
    for query in (b"explain=true", b"reasons=true"):
        reply = answer(older, body, query)
        assert reply.status == 422
        said = json.loads(reply.body)["error"]
        assert said["code"] == reply.code == "invalid_parameter"
        assert said["message"].startswith("the model was saved by a version without explanations")


def test_the_document_has_the_parameters_where_the_model_explains(
    ask: Ask, case: Case, good: pd.DataFrame
) -> None:
    document: dict[str, Any] = ask(path="/openapi.json", method="GET").json()
    asked = document["paths"]["/predict"]["post"]["parameters"]
    reasons = ["explain", "top_k", "feature_importance"]
    assert [parameter["name"] for parameter in asked] == [*reasons, "counterfactuals", "reasons"]
    content = ask(
        records(good), path="/predict?explain=true&top_k=1&feature_importance=true"
    ).json()
    assert valid(document, "Answers", content)
    assert not valid(document, "Answers", content | {"explanations": [{}]})
    older = describe(replace(case.model, background=None, changeable=()))
    without = document_of(older, case.model)
    assert "parameters" not in without["paths"]["/predict"]["post"]
    assert "explanations" not in without["components"]["schemas"]["Answers"]["properties"]


def test_counterfactuals_are_parallel_to_the_predictions(
    ask: Ask, case: Case, good: pd.DataFrame
) -> None:
    document: dict[str, Any] = ask(path="/openapi.json", method="GET").json()
    hints = case.model.counterfactuals(good)
    content = ask(records(good), path="/predict?counterfactuals=true").json()
    assert valid(document, "Answers", content)
    assert content.pop("counterfactuals") == hints
    assert content == ask(records(good)).json()
    assert any(hints)
    assert valid(document, "Counterfactual", hints[0][0])
    assert not valid(document, "Counterfactual", hints[0][0] | {"column": "sex"})
    both = ask(records(good), path="/predict?counterfactuals=true&explain=true").json()
    assert len(both["explanations"]) == len(both["counterfactuals"]) == len(good)
    assert ask([], path="/predict?counterfactuals=true").json()["counterfactuals"] == []


def test_a_model_with_nothing_to_change_says_so(saved: SavedModel, good: pd.DataFrame) -> None:
    """Its own code may not even know the word."""
    description = {k: v for k, v in saved.description.items() if k != "changeable"}
    older = replace(saved, description=description)
    reply = answer(older, json.dumps(records(good)).encode(), b"counterfactuals=true")
    assert (reply.status, reply.code) == (422, "invalid_parameter")
    said = json.loads(reply.body)["error"]["message"]
    assert said.startswith("the model has no changeable columns; name some under changeable")
    document = document_of(description, saved.model)
    names = [parameter["name"] for parameter in document["paths"]["/predict"]["post"]["parameters"]]
    assert names == ["explain", "top_k", "feature_importance", "reasons"]
    assert "Counterfactual" not in document["components"]["schemas"]
