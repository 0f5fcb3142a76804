"""The app answers as `evaluate` does, whatever the mitigator."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from fairrun.models.saved import load_saved
from fairrun.serving.answering import answer
from tests.contract.conftest import Case
from tests.serving.conftest import records


def test_the_apps_answers_are_those_that_evaluate_measures(case: Case, rows: pd.DataFrame) -> None:
    saved = load_saved(case.folder)
    measured = case.loaded.predict(rows)
    reply = answer(saved, json.dumps(records(rows)).encode())
    content = json.loads(reply.body)
    said = {"predictions": "prediction", "probabilities": "probability"}
    if case.model.draws is not None:
        said["decision_probabilities"] = "decision_probability"
    assert list(content) == list(said)
    for name, column in said.items():
        assert np.array(content[name]).tobytes() == measured[column].to_numpy().tobytes()


def test_the_apps_explanations_are_the_models(case: Case, rows: pd.DataFrame) -> None:
    saved, some = load_saved(case.folder), rows.iloc[20:23]
    reply = answer(saved, json.dumps(records(some)).encode(), b"explain=true&top_k=2")
    assert json.loads(reply.body)["explanations"] == case.model.explain(some).to_dicts(2)


def test_the_description_is_that_of_the_signature(case: Case) -> None:
    schema = case.loaded.metadata.get_input_schema()
    described = load_saved(case.folder).description
    assert described["randomised"] == (case.model.draws is not None)
    assert schema.required_input_names() == [column["name"] for column in described["columns"]]
    # MLflow shall pass every type on, so the signature does not show the types; the metadata do.
    assert {kind.to_dict()["type"] for kind in schema.input_types()} == {"any"}
    assert case.loaded.metadata.metadata["fairrun"]["columns"] == [
        {key: column[key] for key in ("name", "type", "role")} for column in described["columns"]
    ]
