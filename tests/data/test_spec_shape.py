"""Dataset specs of the wrong shape, and what is said of them."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from fairrun.data import DataRequest, DatasetSpec, resolve_spec
from fairrun.data.spec_shape import FIELDS
from fairrun.errors import RequestError

YAML = """
source: people.csv
target: paid
positive: 1
protected:
  - {column: sex, privileged: M, unprivileged: F}
"""


def resolve(tmp_path: Path, text: str) -> DatasetSpec:
    (tmp_path / "people.yaml").write_text(text, encoding="utf-8")
    return resolve_spec(DataRequest(str(tmp_path / "people.yaml")))


def test_every_field_has_a_shape() -> None:
    assert list(FIELDS) == [field.name for field in fields(DatasetSpec)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1, 2]", "the dataset spec is a list; give a mapping"),
        ("a: [", r"cannot be read as YAML \(ParserError, line 1\)"),
        (YAML + "drop: !!python/object/apply:os.getcwd []", "YAML .a tag or odd value, line 7"),
        (YAML + "drop: [a]\ndrop: [b]", "cannot be read as YAML .a key stands twice, line 8"),
        (YAML + "drop: &a [*a]", "drop, item 1 is a list; give text"),
        ("source: a.csv", "the dataset spec has no target and no positive and no protected; give"),
        (
            YAML + "horoscope: red",
            "has an unknown field 'horoscope'; its fields are name, source, ",
        ),
        (YAML + "misssing: keep", "unknown field 'misssing'; did you mean missing"),
        (YAML + "missing: guess", "missing is 'guess'; give drop or keep"),
        (YAML + "types: [zip]", "types is a list; give a mapping, such as {zip: category}"),
        (YAML + "types: {zip: categry}", "types, zip is 'categry'; .* \\(did you mean category"),
        (YAML + "types: {zip: }", "types, zip is empty; give number or category"),
        (YAML + "drop: job", r"drop is 'job'; give a list, such as \[id, name\]"),
        (YAML + "drop: [yes]", "drop, item 1 is true, as YAML also reads a bare yes or no; give t"),
        (YAML + "drop: [[id]]", "drop, item 1 is a list; give text"),
        (YAML + "splits: [1]", "splits is a list; give a mapping, such as {validation: 0.2"),
        (YAML + "splits: {train: .5}", "splits has an unknown field 'train'; its fields are valid"),
        (YAML + "splits: {valid: .2}", "unknown field 'valid'; did you mean validation"),
        (YAML + "splits: {tset: .2}", "unknown field 'tset'; did you mean test"),
        (YAML + "splits: {test: a}", "splits, test is 'a'; give a share from 0 to 1"),
        (YAML + "splits: {test: .7, validation: .7}", "not shares that leave rows to train on"),
        (YAML + "splits: {seed: -1}", "splits, seed is -1; give a whole number of 0 or more"),
        (YAML + "max_dropped: 20", "max_dropped is 20; give a share from 0 to 1"),
        (YAML + "max_dropped: .nan", "max_dropped is nan; give a share"),
        (YAML + "na_values: [~]", "na_values, item 1 is empty; give text, in quotes if need be"),
        (
            YAML + "read: {delimeter: ;}",
            "read.delimeter is not an option for reading a file; did",
        ),
        (YAML + "read: {header: 'no'}", "read.header='no' is not valid; give true or false"),
        (YAML + "reading: 3", "reading is 3; give 1 or 2"),
        (YAML + "digests: x", "digests is 'x'; give a mapping, such as those that preprocess logs"),
        (YAML + "sensitive: 1", "sensitive is 1; give true or false"),
        (YAML + "weight: [w]", "weight is a list; give text"),
        (YAML + "drop: [paid]", "the target 'paid' is also a protected or dropped column"),
        (YAML.replace("1\n", "2020-01-01\n"), "positive is a date; give a value of the column, in"),
        (YAML.replace(": M", ": 2020-01-01"), "protected, item 1, privileged is a date; give a v"),
        (YAML.replace(": M", ":"), "protected, item 1, privileged is empty; give a value"),
        (YAML.replace("unpriv", "unprivi"), "protected, item 1 has .* did you mean unprivileged"),
        (YAML.replace("column: sex, ", ""), "protected, item 1 has no column; give {column: sex"),
        (YAML.replace("\n  - {", " {"), r"protected is a mapping; give a list, such as \[{column"),
        (YAML[: YAML.index("protected")] + "protected: sex", "protected is 'sex'; give a list"),
        (YAML[: YAML.index("protected")] + "protected:", "no protected column was given"),
        (YAML + "  - {column: sex, privileged: F}", "the protected column 'sex' is given twice"),
    ],
)
def test_a_spec_of_the_wrong_shape_is_refused_in_one_line(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(RequestError, match=said) as error:
        resolve(tmp_path, text)
    assert "\n" not in str(error.value)
    assert "people.yaml" in str(error.value)


def test_what_yaml_leaves_empty_is_not_given(tmp_path: Path) -> None:
    names = ("drop", "changeable", "types", "na_values", "read", "splits", "weight", "licence")
    spec = resolve(tmp_path, YAML + "".join(f"{name}:\n" for name in names))
    assert spec == resolve(tmp_path, YAML)
    assert spec.drop == ()


def test_numbers_stand_for_names_and_values(tmp_path: Path) -> None:
    spec = resolve(tmp_path, YAML + "drop: [3]\nna_values: [-1, 99.5, '?']\n")
    assert (spec.drop, spec.na_values, spec.positive) == (("3",), ("-1", "99.5", "?"), "1")
