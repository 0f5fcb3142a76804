"""Every mitigator's answers can be explained, and the explanations add up."""

from __future__ import annotations

import json

import mlflow
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlflow.exceptions import MlflowException

from fairrun.inference import load_model
from tests.contract.conftest import Case


def test_contributions_add_up_to_the_log_odds(case: Case, rows: pd.DataFrame) -> None:
    """Null and unseen groups, an unseen category and 1e308 are among the rows."""
    some = rows.head(24)
    explained = case.model.explain(some)
    total = explained.base_value + explained.contributions.sum(axis=1)
    scores = case.model.log_odds(some)
    # A number held fast at 1e100 is rounded at its own size.
    size = np.maximum(1.0, np.abs(explained.contributions).max(axis=1))
    assert (np.abs(total - scores) <= 1e-9 * size).all()
    assert np.isfinite(explained.contributions).all()
    assert set(explained.columns) == set(case.model.columns) - {"key"}


@settings(max_examples=10)
@given(st.data())
def test_a_row_is_explained_alike_in_any_batch(
    case: Case, rows: pd.DataFrame, data: st.DataObject
) -> None:
    chosen = data.draw(st.lists(st.integers(10, 15), min_size=1, max_size=3))
    explained = case.model.explain(rows.iloc[chosen])
    for place, row in enumerate(chosen):
        alone = case.model.explain(rows.iloc[[row]])
        np.testing.assert_allclose(
            explained.contributions[place], alone.contributions[0], rtol=0, atol=1e-12
        )
        assert explained.base_value == alone.base_value


def test_the_group_contributes_only_where_the_score_reads_it(
    case: Case, rows: pd.DataFrame
) -> None:
    some = rows.iloc[20:26]
    explained = case.model.explain(some)
    if case.model.groups is None:
        assert "sex" not in explained.columns
        return
    own = explained.contributions[:, explained.columns.index("sex")]
    as_other = some.assign(sex=some["sex"].map({"Male": "Female", "Female": "Male"}))
    moved = case.model.log_odds(as_other) - case.model.log_odds(some)
    assert (own != 0).any() == (moved != 0).any()


def test_the_distance_has_the_sign_of_the_label(case: Case, rows: pd.DataFrame) -> None:
    explained = case.model.explain(rows.head(24))
    if explained.distances is None:
        assert case.model.decision.kind == "member_vote"
    elif case.model.draws is None:
        labels = case.model.predict(rows.head(24))["prediction"]
        assert ((explained.distances > 0) == (labels == 1)).all()


def test_a_loaded_model_explains_as_it_did(case: Case, rows: pd.DataFrame) -> None:
    some = rows.iloc[20:24]
    explained = case.model.explain(some)
    loaded = case.loaded.predict(
        some, params={"explain": True, "top_k": 2, "feature_importance": True}
    )
    assert json.loads(json.dumps(loaded["explanation"].tolist())) == explained.to_dicts(2)
    assert loaded["feature_importance"].tolist() == explained.contributions.tolist()
    answers = loaded.drop(columns=["explanation", "feature_importance"])
    pd.testing.assert_frame_equal(answers, case.loaded.predict(some), check_exact=True)
    of_none = case.loaded.predict(some.head(0), params={"explain": True})
    assert of_none["explanation"].tolist() == []


def test_wrong_parameters_are_refused(case: Case, rows: pd.DataFrame) -> None:
    with pytest.raises(MlflowException, match="top_k is negative"):
        case.loaded.predict(rows.iloc[[20]], params={"explain": True, "top_k": -1})


def test_the_parameters_are_in_the_signature(case: Case) -> None:
    schema = case.loaded.metadata.get_params_schema()
    assert {p.name: p.default for p in schema.params} == {
        "explain": False,
        "top_k": 0,
        "feature_importance": False,
        "counterfactuals": False,
    }
    artifact = next((case.folder / "artifacts").iterdir())
    assert load_model(artifact).background is not None
    assert mlflow.models.get_model_info(case.uri).signature.params is not None
