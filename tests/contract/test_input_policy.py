"""The input policy, as a table: what FairClassifier answers, and what MLflow's check says first.

`ours` holds for FairClassifier and for all that reaches `predict`; `mlflow` is what
`mlflow.pyfunc` answers, whose own signature check comes before us. "same": as without the change.
A pattern: an error that it matches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException

from fairrun.data import Dataset, prepare_rows
from fairrun.inference import OUTPUT_COLUMNS, GroupThresholds, InputError, LabelMixing
from fairrun.training import FairClassifier
from fairrun.training.mitigation import MITIGATORS
from tests.contract.conftest import Case, cases_with
from tests.each import check_each
from tests.people import SPEC, make_raw

CANARY = "7391842.25"  # in a row that is refused; no message may hold it


SAME, ANSWERS = "same", "answers"
SCHEMA = "Failed to enforce schema"


@dataclass(frozen=True)
class Policy:
    """A change to good rows, and what is answered."""

    name: str
    change: Callable[[pd.DataFrame], Any]
    ours: str
    mlflow: str | None = None  # None: as ours


def put(column: str, value: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Put a value into row 2."""

    def change(rows: pd.DataFrame) -> pd.DataFrame:
        changed = rows.astype({column: object})
        changed.at[2, column] = value
        return changed

    return change


def cast(column: str, dtype: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda rows: rows.astype({column: dtype})


def beside(*names: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Put columns of these names beside the others."""
    return lambda rows: pd.concat(
        [rows, *(rows[["age"]].set_axis([name], axis=1) for name in names)], axis=1
    )


POLICY = [
    Policy("nothing changed", lambda rows: rows, SAME),
    Policy("columns in another order", lambda rows: rows[list(rows.columns)[::-1]], SAME),
    Policy("an unknown extra column", beside("extra"), SAME),
    Policy("an unknown extra column twice", beside("extra", "extra"), SAME),
    Policy("numbers as int64", cast("age", "int64"), SAME),
    Policy("numbers as float32", cast("age", "float32"), SAME),
    Policy("numbers as nullable Float64", cast("age", "Float64"), SAME),
    Policy("numbers as objects", cast("age", "object"), SAME),
    Policy("text as category", cast("job", "category"), SAME),
    Policy("text as str", cast("job", "str"), SAME),
    Policy("text as string", cast("job", "string"), SAME),
    Policy("a boolean as a number", put("age", True), ANSWERS),
    Policy("a category not seen in training", put("job", "unheard of"), ANSWERS),
    Policy("the empty text", put("job", ""), ANSWERS),
    Policy("the largest number", put("age", 1.7e308), ANSWERS),
    Policy("zero rows", lambda rows: rows.iloc[:0], ANSWERS),
    Policy("a column twice", beside("age"), "duplicate column 'age'", SCHEMA),
    Policy(
        "a column missing",
        lambda rows: rows.drop(columns="gain"),
        "missing column 'gain'",
        SCHEMA,
    ),
    Policy(
        "two columns missing",
        lambda rows: rows.drop(columns=["gain", "age"]),
        "missing columns 'age', 'gain'",
        SCHEMA,
    ),
    Policy("zero columns", lambda rows: rows[[]], "missing columns 'age', 'weight'", SCHEMA),
    Policy("a number as text", put("age", CANARY), "'age': not a number in row 2"),
    Policy("text as a number", put("age", f"{CANARY}x"), "'age': not a number in row 2"),
    Policy("a date as a number", put("age", pd.Timestamp(0)), "'age': not a number in row 2"),
    # MLflow makes complex numbers of the whole column.
    Policy(
        "a complex number",
        put("age", 1j),
        "'age': not a number in row 2",
        "'age': not a number in rows 0, 1, 2",
    ),
    Policy("a number as text", put("job", float(CANARY)), "'job': not text in row 2"),
    Policy("a list as text", put("job", [CANARY]), "'job': not text in row 2"),
    Policy("bytes as text", put("job", CANARY.encode()), "'job': not text in row 2"),
    Policy("infinity", put("age", np.inf), "'age': infinite number in row 2"),
    Policy("minus infinity", put("age", -np.inf), "'age': infinite number in row 2"),
    Policy("beyond float64", put("age", 10**400), "'age': infinite number in row 2"),
    Policy("null as a number", put("age", None), "'age': null in row 2.*missing=keep"),
    Policy("NaN as a number", put("age", np.nan), "'age': null in row 2.*missing=keep"),
    Policy("null as text", put("job", None), "'job': null in row 2.*missing=keep"),
    Policy("NA as text", put("job", pd.NA), "'job': null in row 2.*missing=keep"),
    # MLflow makes a table of it.
    Policy("not a table", lambda rows: rows.to_dict("records"), "give a pandas DataFrame", SAME),
]


@pytest.fixture(scope="session")
def good(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.iloc[20:60].reset_index(drop=True)


def test_ours(case: Case, good: pd.DataFrame) -> None:
    hold = partial(check, case.model.predict, case.model.predict(good), InputError)
    check_each(
        POLICY, lambda policy: hold(policy.change(good), policy.ours), name=attrgetter("name")
    )


def test_through_mlflow(case: Case, good: pd.DataFrame) -> None:
    hold = partial(check, case.loaded.predict, case.loaded.predict(good), MlflowException)
    check_each(
        POLICY,
        lambda policy: hold(policy.change(good), policy.mlflow or policy.ours),
        name=attrgetter("name"),
    )


def check(
    predict: Callable[[Any], Any], expected: pd.DataFrame, error: type, changed: Any, said: str
) -> None:
    if said == SAME:
        pd.testing.assert_frame_equal(predict(changed), expected, check_exact=True)
    elif said == ANSWERS:
        answers = predict(changed)
        assert len(answers) == len(changed)
        assert answers.notna().all(axis=None)
    else:
        with pytest.raises(error, match=said) as raised:
            predict(changed)
        if said != SCHEMA:  # MLflow's own message holds the rows; the documentation says so
            assert CANARY not in str(raised.value)


def test_the_protected_column_is_checked_only_where_it_is_read(
    case: Case, good: pd.DataFrame
) -> None:
    without = good.drop(columns="sex")
    number = put("sex", 1.0)(good)
    if case.model.groups is None:
        expected = case.model.predict(good)
        pd.testing.assert_frame_equal(case.model.predict(without), expected, check_exact=True)
        pd.testing.assert_frame_equal(case.model.predict(number), expected, check_exact=True)
    else:
        with pytest.raises(InputError, match="missing column 'sex'"):
            case.model.predict(without)
        with pytest.raises(InputError, match="'sex': not text in row 2"):
            case.model.predict(number)


DECIDED_BY_GROUP = [
    label
    for name, mitigator in MITIGATORS.items()
    if mitigator.stage == "post"
    for label in cases_with(name)
]


@pytest.fixture(params=[None, "unheard of"])
def neutral(request: pytest.FixtureRequest, good: pd.DataFrame) -> pd.DataFrame:
    """Rows whose protected value is null, or not that of any group."""
    return good.assign(sex=pd.Series([request.param] * len(good), dtype=object))


def test_a_row_in_neither_group_takes_the_mean_of_the_transforms(
    case: Case, good: pd.DataFrame, neutral: pd.DataFrame
) -> None:
    model = case.model
    if model.transform is None or not hasattr(model.transform, "shares"):
        expected = model.log_odds(good)
    else:
        matrix = model.encoder.encode(good)
        share_a, share_b = model.transform.shares
        assert share_a + share_b == pytest.approx(1)
        as_a, as_b = (
            model.transform.apply(matrix, np.full(len(good), code, dtype=np.int8))
            for code in (0, 1)
        )
        expected = model.scorer.score(share_a * as_a + share_b * as_b)
    np.testing.assert_allclose(model.log_odds(neutral), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("label", DECIDED_BY_GROUP)
def test_a_row_in_neither_group_takes_the_pooled_decision(
    cases: dict[str, Case], neutral: pd.DataFrame, label: str
) -> None:
    model = cases[label].model
    assert model.decision.reads_group
    scores, decided = model.log_odds(neutral), model.predict(neutral)["decision_probability"]
    if isinstance(model.decision, GroupThresholds):
        pooled = model.decision.values[-1]
        assert (decided == (scores > pooled)).all()
    else:
        assert isinstance(model.decision, LabelMixing)
        rates = model.decision.rates
        assert (rates.min(axis=0) <= rates[-1]).all()
        assert (rates[-1] <= rates.max(axis=0)).all()
        above = scores > model.decision.thresholds[-1]
        assert (decided == rates[-1][above.astype(int)]).all()


@pytest.fixture(scope="module")
def gappy() -> tuple[pd.DataFrame, np.ndarray]:
    raw = make_raw(1500, seed=5)
    raw.loc[::7, "age"] = None
    raw.loc[::11, "job"] = None
    prepared = prepare_rows(raw, replace(SPEC, missing="keep"))
    assert prepared.n_dropped == 0
    return prepared.rows.frame, prepared.rows.label


@pytest.mark.parametrize("mitigator", MITIGATORS)
def test_trained_to_keep_missing_values_imputes_them(
    gappy: tuple[pd.DataFrame, np.ndarray], mitigator: str
) -> None:
    frame, label = gappy
    classifier = FairClassifier(SPEC.protected[0], mitigator=mitigator, missing="keep")
    model = classifier.fit(frame, label).inference_
    age, job = (column.fill for column in model.encoder.columns if column.name in ("age", "job"))
    assert age == frame["age"].median()
    assert job == frame["job"].mode()[0]
    filled = frame.fillna({"age": age, "job": job})
    # A null draws as a null, not as what it is filled with: the rows are not the same row.
    told = list(OUTPUT_COLUMNS if model.draws is None else OUTPUT_COLUMNS[1:])
    answers, expected = model.predict(frame), model.predict(filled)
    pd.testing.assert_frame_equal(answers[told], expected[told], check_exact=True)


def test_unseen_categories_can_be_refused(people: Dataset, rows: pd.DataFrame) -> None:
    train = people.splits["train"]
    classifier = FairClassifier(SPEC.protected[0], unseen="error").fit(train.frame, train.label)
    with pytest.raises(InputError, match="'job': category not seen in training in row 8") as raised:
        classifier.predict(rows)
    assert "unheard" not in str(raised.value)


def test_an_unseen_category_is_all_zeros_or_pooled(case: Case, rows: pd.DataFrame) -> None:
    row = rows.iloc[[8]]
    encoded = case.model.encoder.encode(row)
    names = case.model.encoder.encoded_names
    ones = [name for name, value in zip(names, encoded[0], strict=True) if value == 1.0]
    pooled = "job=(other)" in names
    assert [name for name in ones if name.startswith("job=")] == ["job=(other)"] * pooled
