"""The same reasons and hints over HTTP from our app and from MLflow's server."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import requests

from fairrun.data import Dataset
from fairrun.serving.app import create_app
from tests.contract.conftest import CASES, Case, make_case
from tests.contract.test_stock_server import ask, serving
from tests.serving.conftest import records
from tests.serving.running import in_a_thread

#: A mixture whose members vote, a threshold for each group, and trees: sampled, exact and exact.
#: Answers travel in the same way from all models, and other tests ask both servers' code in this
#: process for each of them, so the fast suite starts the servers for one model.
REPRESENTATIVE = (
    "exponentiated_gradient",
    *(pytest.param(name, marks=pytest.mark.slow) for name in ("group_thresholds", "boosted")),
)
PARAMS = {"explain": True, "top_k": 2, "feature_importance": True, "counterfactuals": True}


@pytest.fixture(scope="module", params=REPRESENTATIVE)
def case(request: pytest.FixtureRequest, people: Dataset, store: str) -> Case:
    return make_case(people, CASES[request.param])


@pytest.fixture(scope="module")
def some(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.drop(columns="key").iloc[20:30].reset_index(drop=True)


def test_both_give_the_models_own(case: Case, some: pd.DataFrame, tmp_path: Path) -> None:
    own = case.model.answer(some, explain=True, counterfactuals=True)
    assert own.explanations is not None
    expected = {
        "explanation": own.explanations.to_dicts(2),
        "feature_importance": own.explanations.plain(),
        "counterfactuals": own.counterfactuals,
    }
    with serving(case.folder, Path(sys.executable), tmp_path / "server.log") as port:
        status, stock = ask(port, {"dataframe_records": records(some), "params": PARAMS})
    assert status == 200, stock
    for name, values in expected.items():
        assert [row[name] for row in stock["predictions"]] == values
    with in_a_thread(create_app(case.uri, processes=1)) as address:
        query = {name: json.dumps(value) for name, value in PARAMS.items()}
        response = requests.post(f"{address}/predict", params=query, json=records(some), timeout=60)
    of_app: dict[str, Any] = response.json()
    assert response.status_code == 200, of_app
    assert of_app["explanations"] == expected["explanation"]
    assert of_app["feature_importances"] == expected["feature_importance"]
    assert of_app["counterfactuals"] == expected["counterfactuals"]
    assert of_app["predictions"] == own.prediction.tolist()
    assert of_app["predictions"] == [row["prediction"] for row in stock["predictions"]]
