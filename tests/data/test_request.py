"""What was said of the data, resolved to a spec."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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


def test_a_part_that_is_said_leaves_the_other_parts_of_a_yaml_spec(tmp_path: Path) -> None:
    more = "max_dropped: 0.4\ntypes: {zip: category}\nread: {delimiter: ;}\nna_values: ['?']\n"
    more += "sensitive: true\n"
    (tmp_path / "people.yaml").write_text(YAML + more, encoding="utf-8")
    data = str(tmp_path / "people.yaml")
    spec = resolve_spec(DataRequest(data, splits={"test": 0.3}))
    assert spec.splits == Splits(0.1, 0.3, 3)
    assert spec == resolve_spec(DataRequest(data, splits=Splits(0.1, 0.3, 3)))
    assert (spec.max_dropped, spec.types, spec.na_values) == (0.4, (("zip", "category"),), ("?",))
    assert spec.sensitive
    assert not resolve_spec(DataRequest(data, sensitive=False)).sensitive
    assert spec.read.delimiter == ";"
    said = DataRequest(data, max_dropped=0.0, types={"fee": "number"}, na_values=[])
    spec = resolve_spec(said)
    assert (spec.max_dropped, spec.types, spec.na_values) == (0.0, (("fee", "number"),), ())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"splits": {"seed": -1}}, "split_seed=-1 is no seed; give a whole number, 0 or more"),
        ({"splits": {"test": 1.2}}, "not shares that leave rows to train on"),
        ({"max_dropped": 20}, "max_dropped=20 is no share; give one from 0 to 1"),
        (
            {"types": {"zip": "categry"}},
            "types, zip is 'categry'; give number or category .did you",
        ),
    ],
)
def test_what_is_out_of_range_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        resolve_spec(DataRequest("census", **change))


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (DataRequest("people.csv"), "needs target, positive, protected as well"),
        (DataRequest("census", protected=["sex"]), "1 protected column and 0 privileged groups"),
        (
            DataRequest("census", protected=["sex"], privileged=["M"], unprivileged=["F", "X"]),
            "1 protected column, 1 privileged group and 2 unprivileged groups were given",
        ),
        (DataRequest("nowhere.yaml"), "cannot be read as YAML.*a relative path is looked for in /"),
    ],
)
def test_what_was_not_said_is_asked_for(request_: DataRequest, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        resolve_spec(request_)
