"""A model of every format there ever was loads, and answers as it did."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from fairrun.inference import FORMAT_VERSION, InputError, load_model

FORMATS = Path(__file__).parent / "formats"
SAVED = sorted(path.parent for path in FORMATS.glob("*/*/manifest.json"))


def test_there_is_a_fixture_of_the_present_format() -> None:
    versions = {
        json.loads((f / "manifest.json").read_text("utf-8"))["format_version"] for f in SAVED
    }
    assert versions == set(range(1, FORMAT_VERSION + 1))


@pytest.mark.parametrize("folder", SAVED, ids=lambda folder: f"{folder.parent.name}-{folder.name}")
def test_it_loads_and_answers_as_it_did(folder: Path) -> None:
    expected = pd.read_json(folder.parent / f"{folder.name}_answers.json", precise_float=True)
    rows = pd.read_json(folder.parent / "rows.json", precise_float=True)
    model, rows = load_model(folder), rows.astype({"age": float})
    answers = model.predict(rows)
    pd.testing.assert_frame_equal(answers, expected, rtol=1e-12, atol=1e-12, check_dtype=False)
    if folder.parent.name in ("1", "2"):
        with pytest.raises(InputError, match="the model was saved by a version without explan"):
            model.explain(rows)
    hints = folder.parent / f"{folder.name}_counterfactuals.json"
    if hints.is_file():
        assert model.counterfactuals(rows) == json.loads(hints.read_text("utf-8"))
    else:  # format 3 had none at first
        with pytest.raises(InputError, match="the model has no changeable columns"):
            model.counterfactuals(rows)
    if folder.parent.name in ("1", "2"):
        return
    said = json.loads((folder.parent / f"{folder.name}_explanations.json").read_text("utf-8"))
    for own, as_it_was in zip(model.explain(rows).to_dicts(), said, strict=True):
        assert [*own] == [*as_it_was]
        for part, value in as_it_was.items():
            assert own[part] == pytest.approx(value, rel=1e-12, abs=1e-12)
