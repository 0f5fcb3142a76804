"""A reference survives its file, and is refused if this version cannot read it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairrun.errors import RequestError
from fairrun.metrics import evaluate_predictions, hidden_groups, show
from fairrun.monitor import FORMAT, MeasuredBy, Reference, read_reference, reference_of
from tests.metrics.samples import COLUMNS, draw_people

MEASURED = MeasuredBy("runs:/1/model", "m-1", "2", "2026-11-30T12:00:00+00:00", "abc")


def make_reference(
    seed: int = 0,
    n: int = 400,
    *,
    weighted: bool = False,
    clustered: bool = False,
    sensitive: bool = False,
    scored: bool = True,
    min_cell: int = 5,
) -> Reference:
    people, rng = draw_people(seed, n), np.random.default_rng(seed)
    weight = rng.exponential(size=n) if weighted else None
    evaluation = evaluate_predictions(
        COLUMNS,
        people.codes,
        *(people.y_true, people.y_pred, people.probability if scored else None),
        weight=weight,
        cluster=np.arange(n) // 2 if clustered else None,
    )
    features = pd.DataFrame({"pay": rng.normal(size=n), "job": rng.choice(["a", "b", "c"], n)})
    hidden = hidden_groups(evaluation.counts, min_cell, unknown=sensitive)
    return reference_of(
        show(evaluation, hidden),
        features,
        MEASURED,
        weight=weight,
        min_cell=min_cell,
        sensitive=sensitive,
    )


@settings(max_examples=6)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 300),
    *[st.booleans()] * 4,
    st.sampled_from([1, 5, 40]),
)
def test_a_reference_survives_json(
    seed: int,
    n: int,
    weighted: bool,
    clustered: bool,
    sensitive: bool,
    scored: bool,
    min_cell: int,
) -> None:
    reference = make_reference(
        seed,
        n,
        weighted=weighted,
        clustered=clustered,
        sensitive=sensitive,
        scored=scored,
        min_cell=min_cell,
    )
    again = Reference.from_dict(json.loads(json.dumps(reference.to_dict(), allow_nan=False)))
    assert again == reference
    assert (again.counts is None) == sensitive
    assert (again.scores is None) == (sensitive or not scored)
    assert (again.n_clusters is None) == (not clustered)
    assert (again.sum_of_weights is None) == (not weighted)
    for histogram in again.columns.values():
        assert histogram.n_rows == n == again.n_rows
        assert (histogram.weights is None) == (not weighted)


def test_a_group_has_its_size_and_rates() -> None:
    reference = make_reference(weighted=True)
    people = draw_people(0, 400)
    weight = np.random.default_rng(0).exponential(size=400)
    (female,) = [e for e in reference.groups if (e.protected, e.group) == ("sex", "Female")]
    own = people.sex == 1
    assert female.rows == own.sum()
    assert female.share == pytest.approx(weight[own].sum() / weight.sum())
    assert female.base_rate == pytest.approx(np.average(people.y_true[own], weights=weight[own]))
    assert female.selection_rate == pytest.approx(
        np.average(people.y_pred[own], weights=weight[own])
    )


def test_nothing_is_said_of_a_hidden_group() -> None:
    reference = make_reference(n=60, sensitive=True, min_cell=10)
    named = {each.group for each in reference.groups} | {e.group for e in reference.calibration}
    assert "Other" not in named
    assert "Male" in named


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": FORMAT + 1}, f"format {FORMAT + 1}, and this version of fairrun reads format"),
        ({"columns": {"pay": {"kind": "number"}}}, r"damaged \(KeyError\)"),
        ({"columns": 7}, "damaged"),
        ({"measured": {}}, "damaged"),
        ({"groups": [{"group": "Male"}]}, "damaged"),
        ({"counts": {"kind": "counts"}}, "damaged"),
        ({"scores": []}, "damaged"),
    ],
)
def test_what_this_version_cannot_read_is_refused_in_one_line(
    change: dict[str, object], said: str, tmp_path: Path
) -> None:
    path = tmp_path / "reference.json"
    path.write_text(json.dumps(make_reference(n=50).to_dict() | change), "utf-8")
    with pytest.raises(RequestError, match=said) as error:
        read_reference(path)
    assert "\n" not in str(error.value)


def test_another_file_is_refused_in_one_line(tmp_path: Path) -> None:
    for name, text, said in (
        ("a.json", "{", "is no JSON file"),
        ("b.json", "[1]", "no reference"),
        ("c.json", "{}", "no reference"),
        ("d.json", None, "cannot be read"),
    ):
        if text is not None:
            (tmp_path / name).write_text(text, "utf-8")
        with pytest.raises(RequestError, match=said):
            read_reference(tmp_path / name)
