"""Rare categories share a code, in training and in every answer, and nothing rare is saved."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fairrun.errors import RequestError
from fairrun.groups import Protected
from fairrun.inference import Categorical, InferenceModel, InputError, describe, save_model
from fairrun.inference.golden import make_golden
from fairrun.training import FairClassifier, example_row, fit_encoder
from fairrun.training import encoder as encoder_module
from fairrun.training.mitigation import MITIGATORS

PLANTED = "Zachariasiewicz"
SEX = Protected("sex", "Male", "Female")


def people(n: int = 400, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """`job` has two named and three rare categories; `town` has no rare one."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": np.round(rng.uniform(20, 60, n)),
            "job": rng.choice(["clerk", "sales"], n),
            "town": rng.choice(["A", "B"], n),
            "sex": rng.choice(["Male", "Female"], n),
        }
    )
    frame.loc[:3, "job"] = "(other)"
    frame.loc[4, "job"] = PLANTED
    frame.loc[5:6, "job"] = "pilot"
    label = (frame["age"] + 15 * (frame["job"] == "clerk") + rng.normal(0, 8, n) > 45).astype(int)
    return frame, label.to_numpy()


def fit(**settings: Any) -> InferenceModel:
    return FairClassifier(SEX, changeable=["job", "age"], **settings).fit(*people()).inference_


def rows(**changed: Any) -> pd.DataFrame:
    """One row for each job, with what is changed."""
    jobs = ["clerk", "sales", "pilot", PLANTED, "(other)", "unheard of", ""]
    return pd.DataFrame({"age": 44.0, "job": jobs, "town": "A", "sex": "Male"}).assign(**changed)


def test_rare_and_new_values_share_a_code() -> None:
    model = fit()
    assert model.encoder.encoded_names == [
        *("age", "job=clerk", "job=sales", "job=(other)"),
        *("town=A", "town=B"),
    ]
    jobs = model.encoder.encode(rows())[:, 1:4]
    assert jobs.tolist() == [[1, 0, 0], [0, 1, 0], *[[0, 0, 1]] * 5]
    # A column without a rare category has no such code.
    assert not model.encoder.encode(rows(town="unheard of"))[:, 4:].any()


def test_a_row_alone_gets_the_same_bits_and_is_counted() -> None:
    model = fit()
    together, alone = model.answer(rows()), [model.answer(rows().iloc[[n]]) for n in range(7)]
    assert together.unseen == {"job": 5}
    assert [one.unseen for one in alone] == [{}, {}, *[{"job": 1}] * 5]
    assert together.probability.tobytes() == b"".join(one.probability.tobytes() for one in alone)


def test_a_pooled_category_is_a_category_of_its_own() -> None:
    """It is fitted on its rows, so it is what the model without pooling learns of one value."""
    frame, label = people()
    named = frame.assign(job=frame["job"].where(frame["job"].isin(["clerk", "sales"]), "others"))
    ours = FairClassifier(SEX).fit(frame, label).decision_function(frame)
    theirs = FairClassifier(SEX, min_frequency=1).fit(named, label).decision_function(named)
    np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_new_values_are_refused_only_where_there_is_no_rare_one() -> None:
    model = fit(unseen="error")
    assert len(model.predict(rows())) == 7
    with pytest.raises(InputError, match="'town': category not seen in training in rows 0, 1"):
        model.predict(rows(town="unheard of"))
    described = {column["name"]: column for column in describe(model)["columns"]}
    assert described["job"]["values"] == ["clerk", "sales"]
    assert (described["job"]["other_values"], described["job"]["pooled"]) == (True, True)
    assert (described["town"]["other_values"], described["town"]["pooled"]) == (False, False)


def test_nulls_stay_apart() -> None:
    frame, label = people()
    frame.loc[10:40, "job"] = None
    model = FairClassifier(SEX, missing="keep").fit(frame, label).inference_
    job = model.encoder.columns[1]
    assert isinstance(job, Categorical)
    filled = model.encoder.encode(rows().assign(job=None))
    assert (filled == model.encoder.encode(rows().assign(job=job.fill))).all()
    assert job.fill in ("clerk", "sales")


def test_explanations_and_hints_know_the_code() -> None:
    model = fit()
    explained = model.explain(rows())
    jobs = explained.contributions[:, explained.columns.index("job")]
    assert len({*jobs[2:]}) == 1
    assert len({*jobs}) == 3
    total = explained.base_value + explained.contributions.sum(axis=1)
    np.testing.assert_allclose(total, model.log_odds(rows()), atol=1e-9)
    hints = model.counterfactuals(rows())
    changed_to = {hint["to"] for row in hints for hint in row if hint["column"] == "job"}
    assert changed_to
    assert changed_to <= {"clerk", "sales"}
    # A hint keeps its word: the changed row gets the other label.
    for row, of_row in zip(rows().to_dict("records"), hints, strict=True):
        for hint in of_row:
            before, after = row, row | {hint["column"]: hint["to"]}
            labels = model.predict(pd.DataFrame([before, after]))["prediction"]
            assert labels[0] != labels[1]


@pytest.mark.parametrize("impute", [False, True])
def test_a_column_without_a_named_category(impute: bool) -> None:
    frame = pd.DataFrame({"name": [f"n{n % 20}" for n in range(60)], "age": np.arange(60.0)})
    if impute:
        frame.loc[0, "name"] = None
    encoder = fit_encoder(frame, impute=impute)
    assert encoder.columns[0] == Categorical("name", (), "(other)", pooled=True)
    assert encoder.encode(frame)[:, 0].tolist() == [1.0] * 60
    assert encoder.encode(example_row(encoder))[0, 0] == 1.0
    frame["sex"] = np.where(np.arange(60) % 2, "Male", "Female")
    missing: dict[str, Any] = {"missing": "keep" if impute else "drop"}
    classifier = FairClassifier(SEX, changeable=["name"], **missing)
    model = classifier.fit(frame, np.arange(60) // 4 % 2).inference_
    assert model.counterfactuals(frame) == [[]] * 60
    assert describe(model)["columns"][0]["values"] is None
    assert set(make_golden(model)["rows"]["name"]) == {"(other)"}


@pytest.mark.parametrize("mitigator", ["none", "group_thresholds", "learning_fair_representation"])
@pytest.mark.parametrize("estimator", ["logistic_regression", "hist_gradient_boosting"])
def test_nothing_rare_is_saved(mitigator: str, estimator: str, tmp_path: Path) -> None:
    frame, label = people()
    frame.loc[9, "sex"] = PLANTED
    classifier = FairClassifier(
        Protected("sex", "Male"),
        mitigator=mitigator,
        estimator=estimator,
        changeable=["job"],
        missing="keep",
    )
    save_model(classifier.fit(frame, label).inference_, tmp_path)
    saved = [path.read_text("utf-8") for path in tmp_path.glob("*.json")]
    assert len(saved) == 3
    assert any("clerk" in text for text in saved)
    assert not any(PLANTED in text or "pilot" in text for text in saved)
    # Every category has a name on request.
    everyone = classifier.set_params(min_frequency=1).fit(frame, label).inference_
    save_model(everyone, tmp_path / "all")
    assert PLANTED in (tmp_path / "all" / "model.json").read_text("utf-8")


@pytest.mark.parametrize("mitigator", ["group_thresholds", "disparate_impact_remover"])
def test_rare_protected_values_get_the_neutral_rule(mitigator: str) -> None:
    assert MITIGATORS[mitigator].group_at_serving
    frame, label = people()
    frame.loc[:3, "sex"], frame.loc[4:8, "sex"] = "rare", "enough"
    # Without a margin and with a small tolerance, group thresholds read the group of few rows.
    given = {"confidence": 0.5, "tolerance": 0.01} if mitigator == "group_thresholds" else {}
    classifier = FairClassifier(
        Protected("sex", "Male"), mitigator=mitigator, mitigator_params=given
    )
    model = classifier.fit(frame, label).inference_
    assert model.groups is not None
    assert model.groups.group_b == ("Female", "enough")
    rare, unseen = (model.predict(rows(sex=sex)) for sex in ("rare", "unheard of"))
    pd.testing.assert_frame_equal(rare, unseen, check_exact=True)
    # It is as if the values of these rows were not known.
    blank = frame.assign(sex=frame["sex"].where(frame["sex"] != "rare"))
    expected = classifier.fit(blank, label).inference_.log_odds(rows())
    assert model.log_odds(rows()).tobytes() == expected.tobytes()
    # A group keeps its values if all of them are rare, because a rule needs two groups.
    few = frame.assign(sex=np.where(np.arange(len(frame)) < 4, "rare", "Male"))
    kept = classifier.fit(few, np.arange(len(frame)) % 2).inference_.groups
    assert kept is not None
    assert kept.group_b == ("rare",)


def test_shared_fits_are_of_the_same_groups() -> None:
    """A rule that reads the group is fitted without rare values; a mere reweighing with them."""
    frame, label = people()
    frame.loc[:3, "sex"] = "rare"
    memory: dict[str, Any] = {}
    classifiers = [
        FairClassifier(Protected("sex", "Male"), mitigator=mitigator)
        for mitigator in ("reweighing", "reweighing+group_thresholds")
    ]
    encoded = classifiers[0].encode(frame, label)
    for classifier in classifiers:
        shared = classifier.fit_encoded(encoded, memory).decision_function(frame)
        alone = classifier.fit(frame, label).decision_function(frame)
        assert shared.tobytes() == alone.tobytes()


def test_a_large_matrix_is_refused_before_it_is_made() -> None:
    names = pd.Series([f"name {n // 3}" for n in range(60_000)])
    frame = pd.DataFrame({"name": names, "sex": np.where(names.index % 2, "Male", "Female")})
    label = np.arange(60_000) // 2 % 2
    started = time.perf_counter()
    said = (
        r"60000 rows with 20000 encoded columns need 8\.9 GiB, more than 4 GiB; raise "
        r"min_frequency, or leave out 'name' \(20000 categories\) with drop=name"
    )
    with pytest.raises(RequestError, match=said):
        FairClassifier(SEX, min_frequency=1).fit(frame, label)
    # With the default, all names share a code.
    with pytest.raises(RequestError, match="X has 2"):
        FairClassifier(SEX, drop=["name"]).fit(frame, label)
    assert FairClassifier(SEX).encode(frame, label).train.matrix.shape == (60_000, 1)
    assert time.perf_counter() - started < 20


def test_the_limit_counts_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    frame, label = people()
    monkeypatch.setattr(encoder_module, "_MOST_BYTES", 8 * 400 * 6)
    FairClassifier(SEX).fit(frame, label)
    with pytest.raises(RequestError, match="400 rows with 8 encoded columns"):
        FairClassifier(SEX, min_frequency=1).fit(frame, label)
