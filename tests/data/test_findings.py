"""Each kind of finding in a table that has it, and none in a table that has not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fairrun.data import (
    DataRequest,
    DatasetSpec,
    Findings,
    Roles,
    SourceTable,
    TypedTable,
    check_request,
    code_columns,
    draft_spec,
    find,
    find_in,
    prepare,
    resolve_spec,
    type_columns,
)
from fairrun.errors import RequestError
from fairrun.groups import Protected

N = 3000
ROLES = Roles("paid", "yes", (Protected("sex", "Male"), Protected("race", "A")))


def honest(n: int = N, seed: int = 0) -> pd.DataFrame:
    """People in whom nothing is wrong, though age and sex tell something of the label."""
    rng = np.random.default_rng(seed)
    sex = rng.choice(["Male", "Female"], p=[0.6, 0.4], size=n)
    age = rng.integers(18, 80, n).astype(float)
    score = 0.05 * (age - 45) + 0.8 * (sex == "Male")
    frame = pd.DataFrame(
        {
            "age": age,
            "hours": rng.normal(40, 8, n),
            "job": rng.choice(["clerk", "sales", "nurse", "10-20", "1.5"], n),
            "zip": [f"{code:05d}" for code in rng.integers(0, 300, n)],
            "year": rng.integers(1990, 2020, n).astype(float),
            "sex": sex,
            "race": rng.choice(["A", "B"], p=[0.8, 0.2], size=n),
            "paid": np.where(rng.random(n) < 1 / (1 + np.exp(-score)), "yes", "no"),
        }
    )
    return frame.astype({"age": "float64"})


def typed(frame: pd.DataFrame) -> TypedTable:
    """Decide the types as a check does, for a source with types of its own."""
    return type_columns(SourceTable(frame), _spec("memory"), strict=False)


def found(frame: pd.DataFrame, roles: Roles = ROLES) -> Findings:
    return find(typed(frame), roles)


def test_an_honest_table_has_no_finding() -> None:
    every = found(honest())
    assert every.findings == ()
    assert every.n_rows == N
    roles = every.columns.set_index("column")["role"]
    assert roles.to_dict() == dict.fromkeys(honest(), "feature") | {
        "sex": "protected",
        "race": "protected",
        "paid": "target",
    }
    assert set(every.columns["note"]) == {""}


def favourable(frame: pd.DataFrame) -> pd.Series:
    return frame["paid"] == "yes"


def sorted_with_row_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values("paid", ignore_index=True).assign(new=np.arange(1.0, len(frame) + 1))


def nearly_copied(frame: pd.DataFrame) -> pd.DataFrame:
    """Tell the label apart in all rows but a few."""
    new = favourable(frame) + np.random.default_rng(1).normal(0, 0.3, len(frame))
    return frame.assign(new=new)


def noisy(marks: pd.Series, seed: int = 1) -> pd.Series:
    """Return marks under noise, which tell the rows apart with an area of 0.92."""
    return marks + np.random.default_rng(seed).normal(0, 0.5, len(marks))


def without_few(frame: pd.DataFrame) -> pd.DataFrame:
    """Leave 60 rows of race B, 12 of them in the test split."""
    return frame.drop(frame.index[frame["race"] == "B"][60:]).assign(
        race=lambda kept: kept["race"].where(np.arange(len(kept)) % 2 == 0, "C")
    )


def incomes(frame: pd.DataFrame) -> pd.Series:
    return pd.Series(np.random.default_rng(2).normal(31_500, 6000, len(frame)).round(2))


#: Kind, the columns that the finding is about, what its sentence has, and what is done to `honest`.
CASES: list[tuple[str, tuple[str, ...], str, Callable[[pd.DataFrame], pd.DataFrame]]] = [
    ("leak", ("new",), "row number, and the file is sorted by paid", sorted_with_row_numbers),
    ("leak", ("new",), "a copy", lambda f: f.assign(new=np.where(favourable(f), 7, 3))),
    ("leak", ("new",), "AUC 0.99", nearly_copied),
    # The value is there for one label alone, as in a column that is filled in after the decision.
    ("leak", ("new",), "AUC 1.0", lambda f: f.assign(new=f["age"].where(favourable(f)))),
    (
        *("leak", ("new",), "AUC 1.0"),
        lambda f: f.assign(new=f["paid"] + np.tile(["a", "b", "c"], len(f) // 3)),
    ),
    ("copy of protected", ("new",), "sex", lambda f: f.assign(new=f["sex"].str[0])),
    (
        *("proxy", ("new",), "tells Male from Female (sex)"),
        lambda f: f.assign(
            new=(f["sex"] == "Male") + np.random.default_rng(1).normal(size=len(f)) / 2
        ),
    ),
    (
        *("spellings", ("sex",), "'Male' and 'male'"),
        lambda f: f.assign(sex=f["sex"].where(f.index % 7 > 0, f["sex"].str.lower())),
    ),
    (
        "number as text",
        ("new",),
        "2,999 of 3,000 values are numbers, 1 is 'n.a.'",
        lambda f: f.assign(new=incomes(f).astype(str).where(f.index != 5, "n.a.")),
    ),
    # A code, such as a postcode, may be text by intention, so training does not warn of it.
    (
        *("number as text", ("new",), "all of its values are numbers"),
        lambda f: f.assign(new=incomes(f).astype(int).astype(str)),
    ),
    # The text of one person is not said.
    (
        "number as text",
        ("new",),
        "2,999 of 3,000 values are numbers, 1 is other text",
        lambda f: f.assign(new=incomes(f).astype(str).where(f.index != 5, "4O")),
    ),
    (
        "number as text",
        ("new",),
        "a decimal comma",
        lambda f: f.assign(new=incomes(f).map("{:.2f}".format).str.replace(".", ",")),
    ),
    (
        "number as text",
        ("new",),
        "between thousands",
        lambda f: f.assign(new=incomes(f).map("{:,.2f}".format)),
    ),
    (
        "number as text",
        ("new",),
        "a percent sign",
        lambda f: f.assign(new=incomes(f).map("{:.1f} %".format)),
    ),
    (
        "number as text",
        ("new",),
        "a currency sign",
        lambda f: f.assign(new=incomes(f).map("€ {:,.2f}".format)),
    ),
    (
        "null as text",
        ("job", "new"),
        "'?' is a category of job and new",
        lambda f: f.assign(
            job=f["job"].where(f.index % 9 > 0, "?"), new=f["job"].where(f.index % 7 > 0, "?")
        ),
    ),
    ("small group", ("race",), "1 of 3 values", without_few),
    (
        "small group",
        ("race",),
        "has 12 rows, too few",
        lambda f: f.drop(f.index[f["race"] == "B"][12:]),
    ),
    (
        "nulls",
        ("hours",),
        "41% of the rows of group Male and 0% of group Female",
        lambda f: f.assign(hours=f["hours"].where((f["sex"] != "Male") | (f.index % 10 > 3))),
    ),
    (
        "nulls",
        ("hours",),
        "null in 30% of the rows",
        lambda f: f.assign(hours=f["hours"].where(f["hours"].rank(pct=True) > 0.3)),
    ),
    ("row number", ("new",), "", lambda f: f.assign(new=np.arange(len(f)))),
    (
        "row number",
        ("new",),
        "",
        lambda f: f.assign(new=np.random.default_rng(3).permutation(2 * len(f))[: len(f)]),
    ),
    (
        "identifier",
        ("new",),
        "3,000 distinct",
        lambda f: f.assign(new=[f"person {i}" for i in range(len(f))]),
    ),
    (
        "identifier",
        ("personId",),
        "3,000 distinct",
        lambda f: f.assign(personId=np.random.default_rng(4).choice(10**9, len(f), replace=False)),
    ),
    (
        "date",
        ("new",),
        "",
        lambda f: f.assign(new=pd.date_range("1990-01-01", periods=len(f)).strftime("%d.%m.%Y")),
    ),
    ("date", ("new",), "", lambda f: f.assign(new=pd.date_range("1990-01-01", periods=len(f)))),
    (
        "date",
        ("new",),
        "",
        lambda f: f.assign(
            new=pd.date_range("1990-01-01", periods=len(f)).strftime("%Y%m%d").astype(int)
        ),
    ),
    (
        "repeated column",
        ("new", "job"),
        "one to one",
        lambda f: f.assign(
            new=f["job"].map({"clerk": 1, "sales": 2, "nurse": 3, "10-20": 4, "1.5": 5})
        ),
    ),
    ("repeated column", ("new", "hours"), "one to one", lambda f: f.assign(new=f["hours"])),
    (
        "repeated rows",
        (),
        "300 rows (9.1%)",
        lambda f: pd.concat([f, f.iloc[:300]], ignore_index=True),
    ),
    (
        "repeated rows",
        (),
        "300 rows (9.1%) repeat an earlier row, 300 of them with the other label",
        lambda f: pd.concat(
            [f, f.iloc[:300].assign(paid=lambda again: np.where(favourable(again), "no", "yes"))],
            ignore_index=True,
        ),
    ),
    ("empty", ("new",), "", lambda f: f.assign(new=None)),
    ("constant", ("new",), "in all rows", lambda f: f.assign(new=1)),
    (
        "row order",
        ("paid",),
        "AUC of the position 1.000",
        lambda f: f.sort_values("paid", ignore_index=True),
    ),
]


@pytest.mark.parametrize(
    ("kind", "columns", "said", "spoil"),
    [pytest.param(*case, id=f"{number}-{case[0]}") for number, case in enumerate(CASES)],
)
def test_what_is_wrong_is_found_and_nothing_else(
    kind: str,
    columns: tuple[str, ...],
    said: str,
    spoil: Callable[[pd.DataFrame], pd.DataFrame],
) -> None:
    every = found(spoil(honest()))
    of_kind = [each for each in every.findings if each.kind == kind]
    assert [each.columns for each in of_kind] == [columns]
    assert said in of_kind[0].sentence
    # A sorted file is said beside its row number, and a leak in missing values beside its nulls.
    beside = {"row order", "nulls"} if kind == "leak" else {kind}
    assert {each.kind for each in every.findings} <= {kind} | beside
    for name in columns[:1]:
        note = every.columns.set_index("column")["note"][name]
        assert kind in note or kind == "row order"


def test_the_area_of_an_index_column_of_a_sorted_file_is_said() -> None:
    frame = sorted_with_row_numbers(honest())
    rows = np.random.default_rng(5).choice(N, 8, replace=False)
    frame.loc[rows, "paid"] = np.where(favourable(frame.loc[rows]), "no", "yes")
    (leak,) = found(frame).about("leak")
    assert leak.columns == ("new",)
    assert 0.98 <= float(leak.sentence.rpartition("AUC ")[2].rstrip(")")) < 1
    # The training rows alone, of which the split left gaps, are enough.
    spec = _spec("memory")
    (leak, *_) = find_in(prepare(spec, frame)).findings
    assert (leak.kind, leak.columns) == ("leak", ("new",))


def _spec(source: str) -> DatasetSpec:
    return DatasetSpec("people", source, "paid", "yes", ROLES.protected)


@settings(max_examples=60)
@given(
    st.integers(0, 10**6),
    st.sampled_from([60, 300, 2000]),
    st.floats(0.1, 0.9),
    st.floats(0.1, 0.9),
)
def test_columns_of_chance_raise_no_alarm(seed: int, n: int, share: float, of_a: float) -> None:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "normal": rng.normal(size=n),
            "skewed": np.floor(rng.gamma(1, 900, n)),
            "few": rng.integers(0, 4, n),
            "large": rng.integers(0, 10**7, n),
            "letter": rng.choice(list("abcdef"), n),
            # Many values with a row or two each, which a table of shares would learn by heart.
            "street": rng.choice([f"street {i}" for i in range(n // 2)], n),
            "nulls": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n)),
            "sex": rng.choice(["a", "b"], p=[of_a, 1 - of_a], size=n),
            "y": rng.choice(["no", "yes"], p=[1 - share, share], size=n),
        }
    )
    roles = Roles("y", "yes", (Protected("sex", "a"),))
    if frame["sex"].nunique() == frame["y"].nunique() == 2:
        kinds = {each.kind for each in found(frame, roles).findings}
        assert kinds <= {"small group"}


def test_a_proxy_stays_one_line_and_a_dropped_column_is_not_looked_at() -> None:
    frame = honest().assign(**{f"new{i}": 0.0 for i in range(6)})
    male = frame["sex"] == "Male"
    for i in range(6):
        frame[f"new{i}"] = noisy(male, seed=i)
    frame["copy"] = frame["paid"]
    (proxy,) = found(frame, replace(ROLES, drop=("copy",))).findings
    assert len(proxy.columns) == 6
    assert proxy.sentence.count("AUC") == 3
    assert "3 more tell Male" in proxy.sentence


def test_nulls_and_labels_are_counted_by_group() -> None:
    frame = honest()
    frame["hours"] = frame["hours"].where((frame["sex"] != "Male") | (frame.index % 2 == 0))
    every = found(frame)
    row = every.columns.set_index("column").loc["hours"]
    male = frame["sex"] == "Male"
    assert row["missing"] == frame["hours"].isna().sum()
    assert row["missing in group_a"] == frame["hours"][male].isna().mean()
    assert row["missing in group_b"] == 0
    labels = every.labels.set_index(["protected", "group"])
    assert labels.loc[("sex", "Male"), "share"] == pytest.approx(favourable(frame)[male].mean())
    assert labels["rows"].groupby("protected").sum().tolist() == [N, N]


@pytest.mark.parametrize(
    ("roles", "said"),
    [
        (
            replace(ROLES, target="payd"),
            "target=payd is not a column of the data; did you mean pa",
        ),
        (replace(ROLES, drop=("agee",)), "drop=agee is not a column of the data; did you mean age"),
        (replace(ROLES, protected=(Protected("sexe", "Male"),)), "did you mean sex"),
        (replace(ROLES, positive="ja"), "positive='ja' is not a value of 'paid'"),
    ],
)
def test_names_that_fit_nothing_are_refused(roles: Roles, said: str) -> None:
    with pytest.raises(RequestError, match=said.replace("?", r"\?")):
        found(honest(), roles)


def test_spellings_that_are_named_in_one_group_are_no_finding() -> None:
    frame = honest()
    frame["sex"] = frame["sex"].where(frame.index % 7 > 0, frame["sex"].str.upper())
    roles = replace(ROLES, protected=(Protected("sex", "Male|MALE", "Female"),))
    (finding,) = found(frame, roles).findings
    assert finding.sentence.startswith("sex: 'FEMALE' and 'Female' differ")


def test_a_target_that_has_not_two_values_is_said() -> None:
    (first, *_) = found(honest(), replace(ROLES, target="job", positive="clerk")).findings
    assert first.kind == "target"
    assert "5 values" in first.sentence


def test_the_rows_may_have_any_type() -> None:
    """A check refuses nothing, because it has to tell what is wrong."""
    frame = honest(300).assign(
        flag=pd.Series([True, None, False] * 100, dtype=object),
        tags=pd.Series([["a"], ["b"], None] * 100, dtype=object),
        when=pd.Timestamp("2020-01-01"),
        code=pd.Categorical([1, 2, 3] * 100),
        count=pd.array([1, None, 3] * 100, dtype="Int64"),
        raw=[b"x", b"y", b"z"] * 100,
    )
    kinds = found(frame).columns.set_index("column")["type"]
    expected = {"flag": "number", "code": "number", "count": "number"}
    expected |= dict.fromkeys(["tags", "when", "raw"], "other")
    assert kinds[list(expected)].to_dict() == expected
    notes = found(frame).columns.set_index("column")["note"]
    assert notes[["tags", "when", "raw"]].tolist() == ["unusable, nulls", "constant", "unusable"]


def test_a_file_and_nothing_else_gives_candidates() -> None:
    frame = honest().assign(row=np.arange(N), married=np.tile(["y", "n", "n"], N // 3))
    every = found(frame, Roles())
    (target, protected) = every.about("candidates")
    assert target.columns == ("paid", "married")
    assert protected.columns == ("age", "sex", "race")
    # What needs no role is found, too.
    assert [each.columns for each in every.warnings] == [("row",)]
    assert every.labels.empty


@pytest.mark.parametrize("given_roles", [True, False])
def test_the_draft_can_be_used_and_has_what_was_found(tmp_path: Path, given_roles: bool) -> None:
    frame = sorted_with_row_numbers(honest()).assign(
        name=[f"person {i}" for i in range(N)],
        note=["same"] * N,
        # With missing=drop, more rows than allowed would be left out.
        pay=incomes(honest()).where(lambda pay: pay.rank(pct=True) > 0.3),
    )
    path = tmp_path / "people.csv"
    frame.to_csv(path, index=False)
    request = DataRequest(str(path))
    if given_roles:
        request = replace(
            request, target="paid", positive="yes", protected=["race"], privileged=["A"]
        )
    checked = check_request(request)
    table = typed(frame)
    columns = code_columns(table.frame, table.kinds)
    roles, guesses = checked.roles(columns)
    every = find(table, roles)
    fields, remarks = checked.fields(roles, columns, every, guesses)
    assert bool(remarks) is not given_roles
    draft = tmp_path / "draft_spec.yaml"
    draft.write_text(draft_spec(fields, every, table, remarks), encoding="utf-8")
    spec = resolve_spec(DataRequest(str(draft)))
    assert (spec.target, spec.positive, spec.missing) == ("paid", "yes", "keep")
    assert spec.protected[0].column == ("race" if given_roles else "sex")
    assert set(spec.drop) == {"new", "name", "note"}
    again = find_in(prepare(spec))
    assert {each.kind for each in again.findings} == {"nulls"}
    text = draft.read_text("utf-8")
    assert "- name  # identifier: name looks like an identifier" in text


def test_a_draft_keeps_what_the_request_says(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    # One mark for decimals is an option of the whole file, so no other column has a point.
    frame = honest().round()
    frame["fee"] = incomes(frame).map("{:.2f}".format).str.replace(".", ",")
    frame.loc[3, "hours"] = np.nan
    frame.to_csv(path, index=False)
    spec = replace(
        _spec(str(path)), drop=("zip",), changeable=("hours", "job"), types=(("year", "category"),)
    )
    table = typed(frame)
    text = draft_spec(spec.to_dict(), find(table, Roles.of(spec)), table)
    drafted = DatasetSpec.from_dict(yaml.safe_load(text))
    assert drafted == replace(spec, read=replace(spec.read, decimal=","))
    table = typed(frame.assign(rate=np.random.default_rng(6).normal(size=N)))
    text = draft_spec(spec.to_dict(), find(table, Roles.of(spec)), table)
    drafted = DatasetSpec.from_dict(yaml.safe_load(text))
    assert drafted == replace(spec, drop=("zip", "fee"))


def test_protected_without_privileged_takes_the_most_frequent_value() -> None:
    table = typed(honest())
    columns = code_columns(table.frame, table.kinds)
    request = DataRequest("people.csv", target="paid", protected=["sex"])
    roles, guesses = check_request(request).roles(columns)
    assert (roles.positive, roles.protected) == ("yes", (Protected("sex", "Male"),))
    assert set(guesses) == {"positive", "protected"}
    with pytest.raises(RequestError, match="protected=age has 62 values; give privileged"):
        check_request(replace(request, protected=["age"])).roles(columns)
