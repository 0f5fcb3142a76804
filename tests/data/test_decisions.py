"""A table of decisions: what is read, in whatever spelling, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fairrun.data import (
    DecisionsRequest,
    DecisionTable,
    SourceTable,
    read_decisions,
    read_decisions_ahead,
)
from fairrun.errors import RequestError
from fairrun.groups import spellings

_RNG = np.random.default_rng(0)
N = 400
TABLE = pd.DataFrame(
    {
        "sex": _RNG.choice(["Male", "Female"], N),
        "age": _RNG.integers(18, 70, N),
        "region": _RNG.choice(["North", "South"], N),
        "seen": pd.date_range("2025-01-01", periods=N),
        "risk": _RNG.random(N).round(3),
        "size": _RNG.gamma(2, 1, N),
        "home": _RNG.integers(0, 90, N),
    }
).assign(
    decision=lambda each: np.where(each["risk"] > 0.5, "approved", "rejected"),
    paid=lambda each: np.where(_RNG.random(N) < each["risk"], "yes", "no"),
)
APPROVED = (TABLE["risk"] > 0.5).to_numpy(dtype=np.int64)
REQUEST = DecisionsRequest("d.csv", "decision", protected=["sex"], privileged=["Male"])


def read(table: pd.DataFrame = TABLE, **asked: Any) -> DecisionTable:
    return read_decisions(replace(REQUEST, **asked), table)


def written(table: pd.DataFrame) -> SourceTable:
    """Return a table as a CSV file has it."""
    return SourceTable(table.astype(object).where(table.notna(), "").astype(str), written=True)


def test_every_role_reaches_its_array() -> None:
    found = read(score="risk", target="paid", weight="size", cluster="home")
    decisions = found.decisions
    assert (decisions.prediction == APPROVED).all()
    assert decisions.score is not None
    assert decisions.label is not None
    assert decisions.weight is not None
    assert decisions.cluster is not None
    assert (decisions.score == TABLE["risk"]).all()
    assert (decisions.label == (TABLE["paid"] == "yes")).all()
    assert (decisions.weight == TABLE["size"]).all()
    assert len(np.unique(decisions.cluster)) == TABLE["home"].nunique()
    assert [*decisions.frame] == [*TABLE]
    assert decisions.frame["seen"][0] == "2025-01-01 00:00:00"
    assert (found.request.favourable, found.request.positive) == ("approved", "yes")
    assert (found.spec.target, found.spec.positive) == ("paid", "yes")
    assert found.spec.protected[0].group_names == ("Male", "Female")
    assert found.n_dropped == 0


def test_without_labels_the_decisions_are_the_target_of_the_spec() -> None:
    found = read()
    assert found.decisions.label is None
    assert found.decisions.score is None
    assert found.request.target is None
    assert (found.spec.target, found.spec.positive) == ("decision", "approved")


#: Two values that no typing of columns may confuse.
TWO_VALUES = st.one_of(
    st.tuples(*[st.text("abcxyzéß漢|=<>;: ", min_size=1, max_size=6).map(str.strip)] * 2),
    st.tuples(*[st.integers(-(2**40), 2**40)] * 2),
    st.tuples(*[st.integers(-9, 9).map(lambda tenths: tenths / 10)] * 2),
    st.sampled_from([(True, False), (1.0, 0.0), ("TRUE", "FALSE")]),
).filter(lambda two: all(str(each) for each in two) and not alike(*map(str, two)))


def alike(one: str, other: str) -> bool:
    """Return whether two values are equal or differ only in spelling, which is refused."""
    return one == other or bool(spellings([one, other]))


@settings(max_examples=60)
@given(two=TWO_VALUES, order=st.permutations([*TABLE]), in_csv=st.booleans())
def test_spelling_and_order_of_columns_play_no_part(
    two: tuple[Any, Any], order: list[str], in_csv: bool
) -> None:
    spelt = pd.Series([two[0] if each else two[1] for each in APPROVED[:40]])
    table = TABLE[:40].assign(decision=spelt)[order]
    asked = {"score": "risk", "target": "paid", "positive": "yes"}
    request = replace(REQUEST, favourable=str(two[0]), **asked)
    found = read_decisions(request, written(table) if in_csv else table).decisions
    plain = read(TABLE[:40], **asked).decisions
    for name in ("prediction", "score", "label"):
        assert (getattr(found, name) == getattr(plain, name)).all(), name


@pytest.mark.parametrize(
    "spell",
    [
        lambda made: made,
        lambda made: made.astype(float),
        lambda made: made.astype(bool),
        lambda made: made.astype("Int64"),
        lambda made: made.astype("int64[pyarrow]"),
        lambda made: made.astype(bool).astype("boolean"),
        lambda made: made.astype(str),
        lambda made: made.map({0: "No", 1: "YES"}),
        lambda made: made.map({0: "0.0", 1: "1.0"}),
        lambda made: made.astype(bool).astype(str).str.upper(),
    ],
)
def test_zero_and_one_in_any_type_need_no_word(spell: Callable[[pd.Series], pd.Series]) -> None:
    table = TABLE.assign(decision=spell(pd.Series(APPROVED)))
    assert (read(table).decisions.prediction == APPROVED).all()
    in_csv = read_decisions(REQUEST, written(table))
    assert (in_csv.decisions.prediction == APPROVED).all()


def test_a_guess_is_said() -> None:
    assert "'approved' is taken for the favourable decision" in " ".join(read().decisions.notes)
    assert not read(favourable="approved").decisions.notes


def test_scores_with_a_threshold_are_decisions() -> None:
    asked = {"prediction": None, "score": "risk", "threshold": 0.4}
    decisions = read(**asked).decisions
    assert (decisions.prediction == (TABLE["risk"] >= 0.4)).all()
    n = int((TABLE["risk"] >= 0.4).sum())
    assert f"favourable for risk of at least 0.4, {n} of {N} rows" in " ".join(decisions.notes)
    log_odds = np.log(TABLE["risk"].clip(0.001, 0.999) / (1 - TABLE["risk"].clip(0.001, 0.999)))
    at = float(np.log(0.4 / 0.6))
    other = read(
        TABLE.assign(risk=log_odds), **(asked | {"score_scale": "log_odds", "threshold": at})
    )
    assert (other.decisions.prediction == (log_odds >= at)).all()
    assert other.decisions.score == pytest.approx(TABLE["risk"].clip(0.001, 0.999), abs=1e-12)


def test_rows_without_a_decision_a_score_or_a_label_are_left_out_and_counted() -> None:
    table = TABLE.astype({"decision": object, "paid": object})
    table.loc[0:9, "decision"] = None
    table.loc[5:14, "risk"] = np.nan
    table.loc[20, "paid"] = None
    table.loc[30:39, "sex"] = None
    found = read(table, score="risk", target="paid")
    assert len(found.decisions) == N - 16
    assert found.n_dropped == 16
    said = "left out 16 of 400 rows: 10 without a decision, 10 without a score, 1 without a label"
    assert said in found.decisions.notes
    assert found.decisions.frame["sex"].isna().sum() == 10  # they are in neither group
    assert len(read(table).decisions) == N - 10


def test_labels_of_the_approved_alone_are_refused() -> None:
    table = TABLE.assign(paid=TABLE["paid"].where(APPROVED == 1))
    with pytest.raises(RequestError, match=r"without a label; at most 20%.*\nleave target out"):
        read(table, target="paid")
    allowed = read(table, target="paid", max_dropped=0.6, favourable="approved")
    assert len(allowed.decisions) == APPROVED.sum()


def test_where_comes_before_everything_that_is_checked() -> None:
    table = TABLE.assign(decision=TABLE["decision"].where(TABLE["age"] < 60, "pending"))
    table["size"] = np.where(table["age"] < 60, table["size"], -1)
    found = read(table, where="age<60; region=North", weight="size")
    kept = (TABLE["age"] < 60) & (TABLE["region"] == "North")
    assert (found.decisions.prediction == APPROVED[kept]).all()
    assert f"{kept.sum()} of 400 rows are left" in found.decisions.notes[0]
    with pytest.raises(RequestError, match="no row of 400 is left with where=age>=100; give"):
        read(where="age>=100")


@pytest.mark.parametrize(
    ("asked", "changed", "warning"),
    [
        ({"target": "paid"}, {"paid": TABLE["decision"]}, "is equal to the label in every row"),
        (
            {"target": "paid", "positive": "rejected", "favourable": "approved"},
            {"paid": TABLE["decision"]},
            "have the favourable label less often",
        ),
        ({"score": "risk"}, {"risk": 1 - TABLE["risk"]}, "have the lower mean of score=risk"),
        ({}, {"decision": 1}, "all 400 decisions are favourable"),
    ],
)
def test_what_is_probably_a_mistake_is_a_warning(
    asked: dict[str, Any], changed: dict[str, Any], warning: str
) -> None:
    favourable = {"favourable": "1"} if "decision" in changed else {}
    notes = read(TABLE.assign(**changed), **asked, **favourable).decisions.notes
    assert [note for note in notes if note.startswith("warning: ") and warning in note]
    assert not [note for note in read().decisions.notes if note.startswith("warning")]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"prediction": None}, "nothing says what was decided; give prediction=COLUMN"),
        ({"prediction": None, "score": "risk"}, "score=risk alone does not say"),
        ({"prediction": None, "threshold": 0.5}, "threshold=0.5 needs score=COLUMN"),
        ({"score": "risk", "threshold": 0.5}, "prediction=decision and threshold=0.5 both say"),
        ({"prediction": None, "score": "risk", "threshold": 50.0}, "is no probability"),
        (
            {"prediction": None, "score": "risk", "threshold": np.nan, "score_scale": "log_odds"},
            "threshold=nan is not possible",
        ),
        ({"score_scale": "percent"}, "score_scale=percent is not known"),
        ({"positive": "yes"}, "positive=yes needs target=COLUMN"),
        ({"target": "decision"}, "the column 'decision' is prediction and target"),
        ({"prediction": "sex"}, "the column 'sex' is prediction and protected"),
        ({"weight": "risk", "score": "risk"}, "the column 'risk' is score and weight"),
        ({"protected": ["sex", "sex"]}, "the column 'sex' is protected twice"),
        ({"protected": None, "privileged": None}, "data=d.csv needs protected as well"),
        ({"privileged": ["Male", "x"]}, "1 protected column and 2 privileged groups were given"),
        ({"prediction": "decison"}, "prediction=decison is not a column.*did you mean decision"),
        ({"score": "rsk"}, "score=rsk is not a column of the data; did you mean risk"),
        ({"types": {"aeg": "number"}}, "types=aeg is not a column of the data; did you mean age"),
        ({"privileged": ["Man"]}, "'Man' is not a value of the protected column 'sex'"),
        ({"where": "sex=Male"}, "'sex' has only one value, so that there is no group_b"),
        ({"privileged": ["Male"], "unprivileged": ["X"]}, "'X' is not a value"),
        ({"data": "runs:/0123456789abcdef0123456789abcdef"}, "is a run, and an audit takes"),
        ({"data": "postgresql://ann:secret@host/db"}, "password"),
        ({"favourable": "yes"}, "favourable='yes' is not a value of 'decision'"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        read(**asked)


@pytest.mark.parametrize(
    ("asked", "changed", "message"),
    [
        ({"score": "risk"}, {"risk": TABLE["risk"] * 8 - 4}, "score_scale=log_odds if these are"),
        ({"score": "risk"}, {"risk": TABLE["risk"] * 100}, "a percentage divided by 100"),
        ({"score": "risk"}, {"risk": TABLE["age"] * 99}, r"outside \[0, 1\]; give probabilities"),
        ({"score": "risk"}, {"risk": "high"}, "400 of 400 values that are not finite numbers"),
        ({"score": "risk"}, {"risk": np.inf}, "400 of 400 values that are not finite numbers"),
        ({"score": "risk"}, {"risk": None}, "400 without a score.*\ngive a column with values"),
        ({"weight": "size"}, {"size": -1}, "400 of 400 rows have a negative one"),
        ({"weight": "size"}, {"size": 0}, "is 0 in all 400 rows"),
        ({}, {"decision": TABLE["risk"]}, "if it is a score, give score=decision and threshold"),
        ({}, {"decision": TABLE["age"] % 3}, "prediction=decision has 3 values"),
        ({}, {"sex": None}, "'sex' has no value in any row"),
    ],
)
def test_rows_that_cannot_be_measured_are_refused(
    asked: dict[str, Any], changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(RequestError, match=message):
        read(TABLE.assign(**changed), **asked)


def test_columns_without_a_role_are_never_refused() -> None:
    table = TABLE.assign(
        tags=[["a"]] * N, wrong=[*["1"] * (N - 1), "x"], big=np.inf, none=None, age=TABLE["age"]
    )
    decisions = read(table).decisions
    assert [*decisions.frame] == [name for name in table if name != "tags"]
    decisions.digest()


def test_a_duplicate_column_is_refused() -> None:
    twice = pd.concat([TABLE, TABLE[["age"]]], axis=1)
    with pytest.raises(RequestError, match="duplicate columns age"):
        read(twice)


def test_a_model_answers_the_rows_that_are_left() -> None:
    asked: list[Any] = []

    def predict(rows: pd.DataFrame, positive: str | None, threshold: float | None) -> pd.DataFrame:
        asked.append((len(rows), rows["age"].dtype, positive, threshold))
        return pd.DataFrame({"prediction": (rows["age"].to_numpy() > 30).astype(int)})

    request = replace(REQUEST, prediction=None, where="age<50", favourable="yes", threshold=0.4)
    found = read_decisions(request, TABLE, predict=predict)
    young = TABLE["age"][TABLE["age"] < 50]
    assert (found.decisions.prediction == (young > 30)).all()
    assert asked == [(len(young), TABLE["age"].dtype, "yes", 0.4)]
    # A second question to the model, with other groups, has the same favourable value.
    assert found.request.favourable == "yes"
    # A text file has no types, so they are decided as for a training.
    read_decisions(request, written(TABLE), predict=predict)
    assert asked[1] == (len(young), np.dtype(float), "yes", 0.4)
    with pytest.raises(RequestError, match="model and prediction were given"):
        read_decisions(REQUEST, TABLE, predict=predict)


def test_a_yaml_spec_gives_what_the_request_does_not(tmp_path: Path) -> None:
    TABLE.to_parquet(tmp_path / "loans.parquet")
    spec = {
        "source": "loans.parquet",
        "target": "paid",
        "positive": "yes",
        "protected": [{"column": "sex", "privileged": "Male"}],
        "weight": "size",
    }
    path = tmp_path / "loans.yaml"
    path.write_text(yaml.safe_dump(spec), encoding="utf-8")
    found = read_decisions(DecisionsRequest(str(path), "decision"))
    assert found.spec.name == "loans"
    assert found.decisions.label is not None
    assert found.decisions.weight is not None
    assert (found.request.target, found.request.weight) == ("paid", "size")
    assert (found.request.protected, found.request.unprivileged) == (["sex"], ["Female"])
    with pytest.raises(RequestError, match="the column 'sex' is prediction and protected"):
        read_decisions(DecisionsRequest(str(path), "sex"))


def test_a_small_file_is_read_ahead_once(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    TABLE.to_csv(path, index=False)
    request = read_decisions_ahead(replace(REQUEST, data=str(path)))
    path.unlink()
    assert (read_decisions(request).decisions.prediction == APPROVED).all()
