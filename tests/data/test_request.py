"""What was said of the data, resolved to a spec."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairrun.data import KNOWN_DATASETS, DataRequest, DatasetSpec, Splits, resolve_spec
from fairrun.errors import RequestError
from fairrun.groups import Protected
from tests.conftest import ROOT


@pytest.mark.parametrize("name", KNOWN_DATASETS)
def test_known_problems_and_their_round_trip(name: str) -> None:
    spec = resolve_spec(DataRequest(name))
    assert spec.not_features == ("class", "sex", "race", "education-num")
    assert DatasetSpec.from_dict(spec.to_dict()) == spec
    assert DatasetSpec.from_dict(spec.with_digests({"train": "0"}).to_dict()).digests


def test_what_is_said_replaces_its_part() -> None:
    splits = Splits(0.1, 0.3, seed=7)
    request = DataRequest("census", missing="keep", drop=["fnlwgt"], splits=splits)
    spec = resolve_spec(request)
    assert (spec.missing, spec.drop, spec.splits) == ("keep", ("fnlwgt",), splits)
    assert spec.target == "class"


def test_features_that_a_person_can_change() -> None:
    of_work = ("hours-per-week", "workclass", "occupation", "education")
    assert resolve_spec(DataRequest("adult")).changeable == of_work
    assert resolve_spec(DataRequest("adult", changeable=[])).changeable == ()
    assert resolve_spec(DataRequest("census", changeable=["age"])).changeable == ("age",)
    # What a user takes away from the features was not meant to be changed.
    request = DataRequest(
        "census", protected=["workclass"], privileged=["Private"], drop=["education"]
    )
    assert resolve_spec(request).changeable == ("hours-per-week", "occupation")


@pytest.mark.parametrize("column", ["class", "race", "education-num"])
def test_what_is_no_feature_cannot_be_changeable(column: str) -> None:
    with pytest.raises(RequestError, match=f"changeable names '{column}', which is the target, p"):
        resolve_spec(DataRequest("census", changeable=["occupation", column]))


def test_a_named_protected_column_moves_to_the_front() -> None:
    spec = resolve_spec(DataRequest("census", protected=["race"], privileged=["White"]))
    assert [entry.column for entry in spec.protected] == ["race", "sex"]


def test_a_table_of_ones_own() -> None:
    request = DataRequest(
        "folder/my people.csv",
        target="paid",
        positive="yes",
        protected=["sex", "race"],
        privileged=["M", "W"],
    )
    spec = resolve_spec(request)
    assert spec.name == "my_people"
    assert spec.protected == (Protected("sex", "M"), Protected("race", "W"))


YAML = """
source: people.csv
target: paid
positive: 1
protected:
  - {column: sex, privileged: M, unprivileged: F}
splits: {validation: 0.1, test: 0.1, seed: 3}
"""


def test_a_yaml_spec_stands_beside_its_table(tmp_path: Path) -> None:
    (tmp_path / "people.yaml").write_text(YAML, encoding="utf-8")
    spec = resolve_spec(DataRequest(str(tmp_path / "people.yaml")))
    assert spec.source == str(tmp_path / "people.csv")
    assert (spec.name, spec.positive, spec.splits.seed) == ("people", "1", 3)
    assert spec.protected == (Protected("sex", "M", "F"),)
    assert spec.changeable == ()
    (tmp_path / "people.yaml").write_text(YAML + "changeable: [hours, job]", encoding="utf-8")
    spec = resolve_spec(DataRequest(str(tmp_path / "people.yaml")))
    assert spec.changeable == ("hours", "job")
    assert DatasetSpec.from_dict(spec.to_dict()) == spec


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "specs").glob("*.yaml")), ids=str)
def test_the_documented_specs_resolve(path: Path) -> None:
    spec = resolve_spec(DataRequest(str(path)))
    assert spec.name == path.stem
    assert spec.licence
    assert DatasetSpec.from_dict(spec.to_dict()) == spec


def test_named_against_named_and_against_the_rest() -> None:
    request = DataRequest(
        "census",
        protected=["race", "sex"],
        privileged=["White", "Male"],
        unprivileged=["Black", "rest"],
    )
    assert resolve_spec(request).protected == (
        Protected("race", "White", "Black"),
        Protected("sex", "Male", None),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1, 2]", "not a YAML mapping"),
        ("a: [", "cannot be read"),
        ("source: a.csv", r"lacks \['positive', 'protected', 'target'\]"),
        (YAML + "colour: red", r"unknown fields \['colour'\]"),
        (YAML.replace("privileged: M", "majority: M"), "needs a column and its privileged value"),
        (YAML.replace("0.1", "0.7"), "not shares that leave rows to train on"),
        (YAML + "missing: guess", "missing='guess' is not known; give drop or keep"),
        (YAML + "drop: [paid]", "the target 'paid' is also a protected or dropped column"),
    ],
)
def test_a_yaml_spec_that_does_not_hold_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "people.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(RequestError, match=said):
        resolve_spec(DataRequest(str(tmp_path / "people.yaml")))


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (DataRequest("people.csv"), "needs target, positive, protected as well"),
        (DataRequest("census", protected=["sex"]), "1 protected columns were given with 0"),
        (DataRequest("nowhere.yaml"), "cannot be read as YAML.*a relative path is looked for in /"),
    ],
)
def test_what_was_not_said_is_asked_for(request_: DataRequest, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        resolve_spec(request_)
