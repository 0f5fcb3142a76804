"""What `sweep` prints."""

from __future__ import annotations

import pandas as pd
import pytest

from fairrun.entrypoints.sweep import _say, _trials
from fairrun.gate import Verdict
from fairrun.runs.sweep import Swept
from fairrun.runs.sweep_alternatives import Answered
from fairrun.sweep.selection import Selection


def swept(chosen: int, verdict: Verdict | None = None) -> Swept:
    """Return a sweep of four trials, two of which are on the frontier."""
    table = pd.DataFrame({"number": range(4), "mitigator": "none", "run_id": "abc"})
    for name in ("accuracy", "statistical_parity"):
        table = table.assign(**{name: 0.1, f"{name}_ci_low": 0.0, f"{name}_ci_high": 0.2})
    ends = ("", "_ci_low", "_ci_high")
    where = [f"{each}{end}" for each in ("validation", "test", "optimism") for end in ends]
    outcome = pd.DataFrame([["accuracy", *[0.1] * 9]], columns=["metric", *where])
    selection = Selection((2, 1), chosen, "constrained", verdict, "it is best")
    shown = ("accuracy", "statistical_parity")
    answered = Answered("Yes: trial 1.", "All rows.", (), pd.DataFrame({"trial": [1]}))
    return Swept(
        *("abc", table, selection, "models:/m-1", outcome, shown, ("a", "b"), None, ["next"]),
        answered,
    )


@pytest.mark.parametrize(
    ("chosen", "trials", "marks"),
    [(1, [2, 1], ["", "chosen"]), (3, [2, 1, 3], ["", "", "chosen, not on the frontier"])],
)
def test_the_chosen_trial_has_a_row_also_if_it_is_not_on_the_frontier(
    chosen: int, trials: list[int], marks: list[str]
) -> None:
    table = _trials(swept(chosen))
    assert list(table["trial"]) == trials
    assert list(table["choice"]) == marks
    assert list(table["statistical_parity"]) == ["+0.100 (0.000 to +0.200)"] * len(trials)


def test_a_verdict_is_in_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("fairrun.tracking.hints.where_to_look", lambda _: ["look here"])
    _say(swept(3, Verdict.INSUFFICIENT_EVIDENCE))
    said = capsys.readouterr().out
    assert "the constraint on validation: insufficient evidence." in said
    assert "insufficient_evidence" not in said
    assert (
        "Is there a less discriminatory alternative? Yes: trial 1.\nAll rows.\n\n| trial |" in said
    )
    assert said.endswith("next, evaluate or serve the chosen model:\n  next\n")
