"""Rules on given scores: the promise holds for them, and they match an independent method."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fairlearn.postprocessing import ThresholdOptimizer
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from fairrun.errors import RequestError
from fairrun.groups import Protected
from fairrun.inference import InferenceModel, InputError, load_model, save_model
from fairrun.training.mitigation import MITIGATORS
from fairrun.training.score_rule import fit_score_rule, resolve_postprocessor

SEX = Protected("sex", "Male")
POST = [row.name for row in MITIGATORS.values() if row.stage == "post"]


def people(n: int = 4000, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    sex = rng.choice(["Male", "Female"], n)
    log_odds = rng.normal(size=n) + 0.7 * (sex == "Male")
    score = 1 / (1 + np.exp(-log_odds))
    frame = pd.DataFrame({"score": score, "sex": sex, "id": np.arange(n).astype(str)})
    return frame, (rng.uniform(size=n) < score).astype(np.int64)


def rule_of(mitigator: str, **more: object) -> InferenceModel:
    frame, label = people()
    return fit_score_rule(
        *(frame, label, "score", SEX, resolve_postprocessor(mitigator)),
        **more,  # type: ignore[arg-type]
    )


def same(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    return all(one[name].to_numpy().tobytes() == other[name].to_numpy().tobytes() for name in one)


@pytest.mark.parametrize("mitigator", POST)
def test_a_row_gets_the_same_answer_everywhere(mitigator: str, tmp_path: Path) -> None:
    rule = rule_of(mitigator, row_key="id")
    rows, _ = people(300, seed=1)
    rows.loc[:5, "score"] = [0.0, 1.0, 0.5, 5e-324, 1 - 2**-53, 0.25]
    batch = rule.predict(rows)
    assert batch["probability"].tolist() == rows["score"].tolist()
    alone = pd.concat([rule.predict(rows.iloc[[i]]) for i in range(len(rows))])
    assert same(batch, alone)
    turned = rule.predict(rows.iloc[::-1])
    assert same(batch, turned.iloc[::-1])
    with ThreadPoolExecutor(8) as pool:
        assert all(same(batch, each) for each in pool.map(rule.predict, [rows] * 16))
    save_model(rule, tmp_path / "rule")
    assert same(batch, load_model(tmp_path / "rule").predict(rows))


def test_log_odds_give_the_same_decisions_as_their_probabilities() -> None:
    frame, label = people()
    as_odds = frame.assign(score=np.log(frame["score"]) - np.log1p(-frame["score"]))
    plan = resolve_postprocessor("group_thresholds")
    of_probability = fit_score_rule(frame, label, "score", SEX, plan)
    of_odds = fit_score_rule(as_odds, label, "score", SEX, plan, is_log_odds=True)
    one, other = of_probability.predict(frame), of_odds.predict(as_odds)
    assert one["prediction"].tolist() == other["prediction"].tolist()
    np.testing.assert_allclose(one["probability"], other["probability"], rtol=1e-12)


class Scores(ClassifierMixin, BaseEstimator):
    """A fitted estimator that answers its only feature."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> Scores:
        self.classes_ = np.unique(y)
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        return np.asarray(X)[:, 0]


#: fairlearn's names of constraints of group_thresholds.
CONSTRAINTS = {
    "statistical_parity": "demographic_parity",
    "equality_of_opportunity_difference": "true_positive_rate_parity",
}


def assert_as_good_as_fairlearns(
    frame: pd.DataFrame, label: np.ndarray, constraint: str, slack: float
) -> None:
    """Both keep the constraint on the rows of the fit, and ours is as accurate but for `slack`.

    fairlearn may draw labels at random, so it can be a little more accurate.
    """
    exactly = {"constraint": constraint, "tolerance": 0.0, "confidence": 0.5}
    plan = resolve_postprocessor("group_thresholds", exactly)
    ours = fit_score_rule(frame, label, "score", SEX, plan).predict(frame)["prediction"].to_numpy()
    scores = frame[["score"]].to_numpy()
    optimizer = ThresholdOptimizer(
        estimator=Scores().fit(scores, label),
        constraints=CONSTRAINTS[constraint],
        objective="accuracy_score",
        prefit=True,
        predict_method="predict",
    )
    optimizer.fit(scores, label, sensitive_features=frame["sex"])
    theirs = optimizer.predict(scores, sensitive_features=frame["sex"], random_state=0)
    counted = label == 1 if constraint == "equality_of_opportunity_difference" else label >= 0
    is_man = (frame["sex"] == "Male").to_numpy()
    for labels in (ours, theirs):
        gap = labels[counted & is_man].mean() - labels[counted & ~is_man].mean()
        assert abs(gap) < 0.01
    assert (ours == label).mean() > (theirs == label).mean() - slack


@pytest.mark.parametrize("constraint", list(CONSTRAINTS))
def test_thresholds_are_as_accurate_as_those_of_fairlearn(constraint: str) -> None:
    frame, label = people(20_000)
    assert_as_good_as_fairlearns(frame, label, constraint, slack=0.002)


@pytest.mark.slow
@pytest.mark.parametrize("constraint", list(CONSTRAINTS))
def test_they_are_on_the_scores_of_a_plain_pipeline_on_adult(
    constraint: str, adult_file: Path
) -> None:
    adult = pd.read_parquet(adult_file).drop(columns="education-num").sample(frac=1, random_state=0)
    label = (adult.pop("class") == ">50K").to_numpy(dtype=np.int64)
    features = adult.drop(columns=["sex", "race"])
    numbers = list(features.select_dtypes("number"))
    encoder = make_column_transformer(
        (StandardScaler(), numbers),
        (
            OneHotEncoder(handle_unknown="ignore"),
            [name for name in features if name not in numbers],
        ),
    )
    half = len(adult) // 2
    theirs = make_pipeline(encoder, LogisticRegression(max_iter=1000))
    theirs.fit(features[:half], label[:half])
    score = theirs.predict_proba(features[half:])[:, 1]
    rows = adult[half:].assign(score=score).reset_index(drop=True)
    assert_as_good_as_fairlearns(rows, label[half:], constraint, slack=0.002)


def test_a_rule_takes_only_what_it_needs() -> None:
    assert rule_of("group_thresholds").columns == ("score", "sex")
    assert rule_of("lp_debiaser", row_key="id").columns == ("score", "sex", "id")
    # Without a row key, rows with equal scores get equal draws.
    randomised = rule_of("lp_debiaser")
    rows = pd.DataFrame({"score": [0.61] * 50, "sex": ["Female"] * 50})
    assert randomised.predict(rows)["prediction"].nunique() == 1


@pytest.mark.parametrize("score", [-0.01, 1.01, None, np.inf, "high"])
def test_a_wrong_score_is_refused_by_row_and_not_repeated(score: object) -> None:
    rows = pd.DataFrame({"score": [0.5, score], "sex": ["Male", "Male"]}, dtype=object)
    with pytest.raises(InputError, match=r"column 'score'.* row 1") as refused:
        rule_of("group_thresholds").predict(rows)
    assert "1.01" not in str(refused.value)


def test_what_cannot_be_fitted_is_refused() -> None:
    frame, label = people(200)
    plan = resolve_postprocessor("group_thresholds")
    with pytest.raises(RequestError, match=r"all scores .* are equal"):
        fit_score_rule(frame.assign(score=0.5), label, "score", SEX, plan)
    with pytest.raises(RequestError, match=r"all labels .* are equal"):
        fit_score_rule(frame, 0 * label, "score", SEX, plan)
    for wrong in (1.01, -0.01, np.nan):
        with pytest.raises(InputError, match=r"column 'score': .* in row 7;"):
            fit_score_rule(
                frame.assign(score=frame["score"].mask(frame.index == 7, wrong)),
                label,
                "score",
                SEX,
                plan,
            )
    for name in ("none", "reweighing", "reweighing+group_thresholds", "grid_search"):
        with pytest.raises(RequestError, match="there are only scores; give one of group_thres"):
            resolve_postprocessor(name)
