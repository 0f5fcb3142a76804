"""What a publication under Local Law 144 says, and what nobody said."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from fairrun.errors import RequestError
from fairrun.metrics import (
    NO_PUBLICATION,
    Evaluation,
    Publication,
    evaluate_predictions,
    hidden_groups,
    read_publication,
    show,
    with_publication,
)
from tests.metrics.samples import SEX

TODAY = date(2026, 11, 30)
SAID = {
    "date": "2026-11-02",
    "auditor": "Ada & Co",
    "tool": "Screener 3",
    "distribution_date": "2027-01-15",
    "data": "test",
    "source": "made by the vendor",
    "explanation": "no historical data yet",
}


def evaluation_of(n_missing: int, weight: float | None = None) -> Evaluation:
    codes = np.repeat([0, 1, -1], [60, 40, n_missing])
    y = np.arange(len(codes)) % 2
    weights = None if weight is None else np.full(len(codes), weight)
    return evaluate_predictions([SEX], [codes], y, y, np.full(len(codes), 0.5), weight=weights)


def items(evaluation: Evaluation) -> dict[str, str]:
    table = evaluation.impact_audits["local_law_144_publication"]
    return dict(zip(table["item"], table["value"], strict=True))


def test_json_and_yaml_say_the_same(tmp_path: Path) -> None:
    path = tmp_path / "law.yaml"
    # YAML reads these dates as dates, not as texts.
    path.write_text("".join(f"{key}: {value}\n" for key, value in SAID.items()), encoding="utf-8")
    found = read_publication(str(path), TODAY)
    assert found == read_publication(json.dumps(SAID), TODAY) == Publication(**SAID)
    assert read_publication(str(found), TODAY) == found
    assert str(NO_PUBLICATION) == "none"


def test_what_was_said_is_published() -> None:
    found = with_publication(evaluation_of(7), Publication(**SAID, justification="too few"))
    table = found.impact_audits["local_law_144_publication"]
    assert table["given"].all()
    said = items(found)
    assert said["date of the bias audit"] == "2026-11-02"
    assert said["distribution date of the tool"] == "2027-01-15"
    assert said["kind of data"].startswith("test data")
    assert said["number of applicants (rows that were measured)"] == "107 rows"
    assert said["in an unknown category of sex"] == "7 rows"
    assert said["reason to leave categories under 2 % out of the impact ratios"] == "too few"
    assert set(table["source"]) == {
        "6 RCNY 5-301", "6 RCNY 5-302", "6 RCNY 5-303", "6 RCNY 5-302 and 5-303",
    }  # fmt: skip


def test_what_nobody_said_is_a_visible_blank() -> None:
    table = with_publication(evaluation_of(0)).impact_audits["local_law_144_publication"]
    blank = table[~table["given"]]
    assert len(blank) == 7
    assert set(blank["value"]) == {"not given"}


def test_a_small_unknown_category_has_no_number() -> None:
    evaluation = evaluation_of(3)
    shown = show(evaluation, hidden_groups(evaluation.counts, 5, unknown=True))
    assert items(with_publication(shown))["in an unknown category of sex"] == "fewer than 5 rows"


def test_rows_with_weights_are_not_published() -> None:
    weighted = evaluation_of(0, weight=2.0)
    assert with_publication(weighted) is weighted
    with pytest.raises(RequestError, match="because the rule counts people"):
        with_publication(weighted, Publication(tool="Screener 3"))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("[]", "neither a JSON object nor the path of a YAML file"),
        ("{", "neither a JSON object nor the path of a YAML file"),
        ('{"sorce": "x"}', "unknown key 'sorce'; did you mean source"),
        ('{"justification": "x"}', "give it as justification=…"),
        ('{"date": "2026-12-01"}', "is in the future"),
        ('{"date": "20261101"}', "date of local_law_144 is not a date"),
        ('{"date": "2026-02-30"}', "date of local_law_144 is not a date"),
        ('{"distribution_date": "soon"}', "distribution_date of local_law_144 is not a date"),
        ('{"data": "both"}', "give historical or test"),
        ('{"data": "test"}', "test data without an explanation"),
        ('{"tool": 3}', "tool of local_law_144 is not a text"),
        ('{"tool": " "}', "tool of local_law_144 is not a text"),
        (json.dumps({"tool": "x" * 601}), "tool of local_law_144 is not a text"),
    ],
)
def test_what_cannot_be_published_is_refused(said: str, message: str) -> None:
    with pytest.raises(RequestError) as refused:
        read_publication(said, TODAY)
    assert message in str(refused.value)
