"""Typing, missing values and splits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairrun.data import (
    DatasetSpec,
    Rows,
    SourceTable,
    Splits,
    label_group_counts,
    prepare,
    prepare_rows,
)
from fairrun.errors import RequestError
from fairrun.groups import Protected

#: A third of the rows has no job.
SPEC = DatasetSpec(
    *("people", "nowhere", "paid", "1", (Protected("sex", "M", "F"),)),
    drop=("id",),
    max_dropped=0.5,
)


def read_rows(raw: pd.DataFrame | SourceTable, spec: DatasetSpec) -> Rows:
    return prepare_rows(raw, spec).rows


def make_raw(n_rows: int = 200, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "id": np.arange(n_rows),
            "age": rng.integers(18, 80, n_rows),
            "member": rng.random(n_rows) < 0.5,
            "job": rng.choice(["a", "b", None], n_rows),
            "sex": rng.choice(["M", "F", "X"], n_rows, p=[0.5, 0.4, 0.1]),
            "paid": rng.integers(0, 2, n_rows),
        }
    )


def test_features_are_typed_and_the_label_is_binary() -> None:
    prepared = prepare_rows(make_raw(), replace(SPEC, missing="keep"))
    rows = prepared.rows
    assert prepared.n_dropped == 0
    assert dict(prepared.spec.types) == dict.fromkeys(("age", "member"), "number") | dict.fromkeys(
        ("job", "sex"), "category"
    )
    assert list(rows.frame.columns) == ["age", "member", "job", "sex"]
    assert [str(dtype) for dtype in rows.frame.dtypes] == ["float64", "float64", "object", "object"]
    assert rows.label.tolist() == make_raw()["paid"].tolist()


def test_numbers_can_be_read_as_categories() -> None:
    rows = read_rows(make_raw(), replace(SPEC, types=(("age", "category"),)))
    assert set(map(type, rows.frame["age"])) == {str}


@pytest.mark.parametrize("dtype", ["str", "category", "object"])
def test_text_is_read_alike_from_every_dtype(dtype: str) -> None:
    expected = read_rows(make_raw(), replace(SPEC, missing="keep"))
    raw = make_raw().astype({"job": dtype, "sex": dtype})
    rows = read_rows(raw, replace(SPEC, missing="keep"))
    pd.testing.assert_frame_equal(rows.frame, expected.frame)
    assert rows.digest() == expected.digest()
    assert set(map(type, rows.frame["job"])) == {str, type(None)}


@pytest.mark.parametrize("dtype", ["int64", "float32", "float64", "Int64", "object"])
def test_a_label_is_read_alike_from_every_dtype(dtype: str) -> None:
    raw = make_raw().astype({"paid": dtype})
    rows = read_rows(raw, replace(SPEC, missing="keep"))
    assert rows.label.tolist() == make_raw()["paid"].tolist()


def test_missing_values_are_dropped_or_kept_and_counted() -> None:
    raw = make_raw()
    n_null = int(raw["job"].isna().sum())
    raw.loc[raw["job"].notna().idxmax(), "paid"] = None
    prepared = prepare_rows(raw, SPEC)
    assert prepared.n_dropped == n_null + 1 > 1
    assert len(prepared.rows) == len(raw) - n_null - 1
    assert prepared.notes == (
        f"dropped {n_null + 1} of 200 rows: 1 without a target value, {n_null} with a null in a "
        f"feature (job {n_null})",
    )
    prepared = prepare_rows(raw, replace(SPEC, missing="keep"))
    assert (len(prepared.rows), prepared.n_dropped) == (len(raw) - 1, 1)


@settings(max_examples=40, deadline=None)
@given(
    n_rows=st.integers(200, 400),
    seed=st.integers(0, 99),
    shares=st.tuples(st.floats(0.05, 0.4), st.floats(0.05, 0.4)),
)
def test_splits_are_a_stratified_partition(
    n_rows: int, seed: int, shares: tuple[float, float]
) -> None:
    raw = make_raw(n_rows, seed).fillna({"job": "c"})
    spec = replace(SPEC, splits=Splits(*shares, seed=seed))
    dataset = prepare(spec, raw)
    # Each row is in one split: ages and labels come back, in number.
    whole = pd.concat([rows.frame.assign(paid=rows.label) for rows in dataset.splits.values()])
    columns = ["age", "sex", "paid"]
    expected = raw[columns].astype({"age": float}).value_counts()
    assert whole[columns].value_counts().sort_index().equals(expected.sort_index())
    for (sex, paid), stratum in raw.groupby(["sex", "paid"]):
        for name, share in zip(("validation", "test"), shares, strict=True):
            rows = dataset.splits[name]
            count = int(((rows.frame["sex"] == sex) & (rows.label == paid)).sum())
            # One rounding; X and whatever else is in neither group is one stratum.
            assert abs(count - share * len(stratum)) <= 0.5 + 1e-9


def test_the_same_spec_gives_the_same_splits_and_another_seed_others() -> None:
    one, again = prepare(SPEC, make_raw()), prepare(SPEC, make_raw())
    other = prepare(replace(SPEC, splits=Splits(seed=1)), make_raw())
    assert one.spec.digests == again.spec.digests
    assert one.spec.digests != other.spec.digests


def test_the_split_digest_is_that_of_the_rows_whatever_columns_a_model_takes() -> None:
    raw = make_raw().fillna({"job": "c"})
    others = (replace(SPEC, drop=("id", "job")), replace(SPEC, splits=Splits(seed=1)))
    test, fewer, other = (prepare(spec, raw).splits["test"] for spec in (SPEC, *others))
    assert fewer.digest() != test.digest()
    assert fewer.split_digest("sex") == test.split_digest("sex") != other.split_digest("sex")


def test_splits_that_are_derived_again_are_checked() -> None:
    spec = prepare(SPEC, make_raw()).spec
    assert prepare(spec, make_raw()).spec == spec
    changed = make_raw()
    changed.loc[5, "age"] += 1
    with pytest.raises(RequestError, match="their digests differ"):
        prepare(spec, changed)


@pytest.mark.parametrize("change", ["value", "null", "column", "label", "order"])
def test_the_digest_sees_every_change(change: str) -> None:
    rows = read_rows(make_raw(), SPEC)
    frame, label = rows.frame.copy(), rows.label.copy()
    if change == "value":
        frame.loc[3, "job"] += "x"
    elif change == "null":
        frame.loc[3, "job"] = None
    elif change == "column":
        frame = frame.rename(columns={"job": "work"})
    elif change == "label":
        label[3] = 1 - label[3]
    else:
        order = np.argsort(frame["age"].to_numpy(), kind="stable")
        frame, label = frame.iloc[order], label[order]
    assert replace(rows, frame=frame, label=label).digest() != rows.digest()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"target": "pay"}, "target=pay is not a column of the data; did you mean paid"),
        ({"protected": (Protected("gender", "M"),)}, "protected=gender is not a column of the d"),
        ({"drop": ("agee",)}, "drop=agee is not a column of the data; did you mean age"),
        ({"types": (("jobb", "number"),)}, "types=jobb is not a column of the data; did you mean"),
        ({"weight": "weigth"}, "weight=weigth is not .*\nthe columns are id, age, member, job, "),
        (
            {"protected": (Protected("sex", "Q"),)},
            r"'Q' is not a value of the protected column 'sex' \(F, M, X\)",
        ),
        ({"changeable": ("age", "hobby")}, "changeable=hobby is not a column of the data"),
        ({"positive": "high"}, r"positive='high' is not a value of 'paid'"),
        ({"target": "age", "positive": "30"}, "'age' has [0-9]+ values"),
        ({"drop": ("id", "age", "member", "job")}, "there is no feature"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        prepare(replace(SPEC, **change), make_raw())


def test_columns_that_tell_nothing_are_not_used() -> None:
    raw = make_raw(400).assign(plan="basic", end=None)
    raw["visits"] = np.where(raw["job"].isna(), 2.0, 1.0)  # constant in the rows that are left
    spec = replace(SPEC, changeable=("plan", "age"))
    dataset = prepare(spec, raw)
    assert list(dataset.splits["train"].frame.columns) == ["age", "member", "job", "sex"]
    assert dataset.spec.drop == ("id", "end", "plan", "visits")
    assert dataset.spec.changeable == ("age",)
    assert dataset.notes[:2] == (
        "not used because no row has a value: end",
        "not used because all values are equal: plan",
    )
    assert prepare(dataset.spec, raw).spec == dataset.spec
    with pytest.raises(RequestError, match="empty or constant, so there is no feature"):
        prepare(SPEC, raw[["id", "plan", "end", "sex", "paid"]])


def test_a_null_beside_one_value_tells_something_where_nulls_are_kept() -> None:
    raw = make_raw().assign(phone=lambda raw: np.where(raw["job"].isna(), "yes", None))
    assert "phone" not in prepare_rows(raw, replace(SPEC, missing="keep")).spec.drop
    prepared = prepare_rows(raw, SPEC)
    assert "phone" in prepared.spec.drop
    assert 0 < prepared.n_dropped < len(raw) / 2  # and its nulls cost no row


def test_the_message_about_a_third_label_names_its_other_spelling() -> None:
    raw = make_raw()
    target = raw[SPEC.target].astype(str).where(raw.index > 4, "YES")
    target = target.where((raw.index < 5) | (raw.index > 9), "Yes")
    with pytest.raises(RequestError, match=r"YES, Yes.* differ only in spelling, so wri"):
        prepare_rows(raw.assign(**{SPEC.target: target}), SPEC)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["1", "0"] * 99 + ["Jo Doe", "JO DOE"], "has 4 values; give a target with two values"),
        (["1"] * 199 + ["Jo Doe"], r"\(1 and 1 more\); give the favourable value as positive"),
    ],
)
def test_a_message_about_labels_names_no_value_of_few_rows(values: list[str], said: str) -> None:
    with pytest.raises(RequestError, match=said) as refused:
        prepare_rows(make_raw().assign(paid=values), replace(SPEC, positive="yes"))
    assert "doe" not in str(refused.value).lower()


def test_more_rows_than_allowed_are_not_dropped() -> None:
    raw = make_raw(300).fillna({"job": "c"})
    raw["tests"] = np.where(np.arange(300) < 30, 1.0 + np.arange(300) % 5, np.nan)
    raw.loc[:9, "job"] = None
    with pytest.raises(
        RequestError,
        match=r"dropped 280 of 300 rows: 280 with a null in a feature \(tests 270, job 10\); "
        r"20 are left, but at most 20% may be dropped\n"
        r"give drop=id,tests, missing=keep or max_dropped=0.94",
    ):
        prepare(replace(SPEC, max_dropped=0.2), raw)
    assert prepare_rows(raw, replace(SPEC, max_dropped=0.94)).n_dropped == 280
    # One column is not enough: without both, at most 20 % of the rows have a null.
    both = raw.assign(calls=np.where(np.arange(300) < 200, 1.0 + np.arange(300) % 7, np.nan))
    with pytest.raises(RequestError, match=r"\ngive drop=id,tests,calls, missing=keep or"):
        prepare(replace(SPEC, max_dropped=0.2), both)
    with pytest.raises(
        RequestError, match=r"\ntrain the model with drop=tests, missing=keep or max"
    ):
        prepare_rows(raw, replace(SPEC, max_dropped=0.2), of_model=True)
    holes = raw.assign(age=raw["age"].where(raw["tests"].isna()))
    with pytest.raises(RequestError, match=r"0 are left.*\ngive drop=id,tests or missing=keep"):
        prepare(replace(SPEC, max_dropped=1), holes)


def test_a_group_with_a_handful_of_rows_is_refused() -> None:
    spec = replace(SPEC, protected=(Protected("sex", "M", "X"),))
    with pytest.raises(RequestError, match=r"the group 'X' of 'sex' has [0-9]+ rows, too few"):
        prepare(spec, make_raw())


def test_a_type_that_is_declared_must_hold() -> None:
    raw = make_raw().assign(wage=lambda raw: raw["age"].astype(str))
    rows = read_rows(raw, replace(SPEC, types=(("wage", "number"),)))
    assert rows.frame["wage"].tolist() == rows.frame["age"].tolist()
    with pytest.raises(RequestError, match=r"job: 0 of [0-9]+ values are numbers, [0-9]+ are 'a'"):
        prepare_rows(raw, replace(SPEC, types=(("job", "number"),)))
    with pytest.raises(RequestError, match="types, job is 'colour'; give number or category"):
        replace(SPEC, types=(("job", "colour"),))


def test_label_group_counts_count_every_row_once() -> None:
    raw = make_raw()
    dataset = prepare(replace(SPEC, missing="keep"), raw)
    table = label_group_counts(dataset)
    assert len(table) == 3 * 3 * 2
    assert table["count"].sum() == len(raw)
    by_group = table.groupby("group")["count"].sum()
    assert by_group["M"] == (raw["sex"] == "M").sum()
    assert by_group["(neither)"] == (raw["sex"] == "X").sum()
    assert table.groupby("split")["share"].sum().to_numpy() == pytest.approx(1)
    both = (*SPEC.protected, Protected("job", privileged="a"))
    of_both = label_group_counts(prepare(replace(SPEC, missing="keep", protected=both), raw))
    assert of_both.groupby("protected")["count"].sum().to_dict() == {
        "sex": len(raw),
        "job": len(raw),
    }


@pytest.mark.parametrize(
    ("words", "positive"), [(("no", "yes"), "True"), (("False", "True"), "1"), ((0, 1), "yes")]
)
def test_a_target_of_two_values_takes_any_word_for_yes(
    words: tuple[object, object], positive: str
) -> None:
    raw = make_raw()
    label = raw["paid"].tolist()
    raw["paid"] = [words[value] for value in label]
    rows = prepare_rows(raw, replace(SPEC, missing="keep", positive=positive)).rows
    assert rows.label.tolist() == label


def test_protected_integers_that_float64_would_merge_stay_apart() -> None:
    raw = make_raw()
    big = np.where(raw["sex"] == "M", 2**53, 2**53 + 1)
    spec = replace(SPEC, protected=(Protected("sex", str(2**53)),), missing="keep")
    rows = prepare_rows(raw.assign(sex=big), spec).rows
    assert rows.frame["sex"].tolist() == [str(value) for value in big]


def test_two_spellings_of_a_protected_value_are_noted() -> None:
    raw = make_raw()
    raw.loc[raw["sex"].eq("M") & (raw.index % 2 == 0), "sex"] = "m"
    # Named in one group, they are one.
    for privileged, notes in (("M", 1), ("M|m", 0)):
        spec = replace(SPEC, protected=(Protected("sex", privileged, "F"),))
        assert sum("'M' and 'm'" in note for note in prepare(spec, raw).notes) == notes


def test_counts_of_nulls_have_no_quotes() -> None:
    raw = make_raw(4000).assign(tests=lambda raw: raw["age"].where(raw.index % 2 > 0))
    spec = replace(SPEC, max_dropped=0.9)
    (note,) = (note for note in prepare_rows(raw, spec).notes if "dropped" in note)
    assert "(tests 2,000, job " in note


def test_rows_for_a_model_have_its_columns_and_types() -> None:
    raw = make_raw(400).assign(zip=lambda raw: (raw["id"] % 7).map("0{}".format), plan="basic")
    spec = prepare(SPEC, SourceTable(raw.astype(str), written=True)).spec
    assert dict(spec.types)["zip"] == "category"
    other = raw.drop(columns=["id", "plan"]).assign(zip="11", remark=[None] * 400).astype(str)
    prepared = prepare_rows(SourceTable(other, written=True), spec, of_model=True)
    assert list(prepared.rows.frame.columns) == ["age", "member", "job", "zip", "sex"]
    assert set(prepared.rows.frame["zip"]) == {"11"}
    assert prepared.n_dropped == raw["job"].isna().sum()  # "remark" is no feature of the model
    with pytest.raises(
        RequestError, match="no column age, which the model was trained with; did y"
    ):
        prepare_rows(other.rename(columns={"age": "ages"}), spec, of_model=True)
    # A spec that was not resolved has every column but the dropped ones.
    prepared = prepare_rows(raw, replace(SPEC, drop=("id", "gone")), of_model=True)
    assert list(prepared.rows.frame.columns) == ["age", "member", "job", "zip", "plan", "sex"]
