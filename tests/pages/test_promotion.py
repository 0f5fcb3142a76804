"""The page of a promotion."""

from __future__ import annotations

import dataclasses
import math

from fairrun.gate import MarginCheck, NotWorse, Verdict, parse_margins
from fairrun.pages import render_promotion

CHECK = MarginCheck(
    *("statistical_parity", "difference", "sex", "<b>Male</b>", "Female", 0.02, False),
    *(0.192, 0.040, 0.152, 0.140, 0.164),
)


def page(verdict: Verdict | None, *checks: MarginCheck) -> str:
    return render_promotion(
        "income",
        verdict,
        "income version 3 is registered, champion stays: version 2",
        about=[("candidate", "runs:/1/model")],
        reasons=["against the champion: worse"],
        result=None,
        checks=NotWorse(checks, parse_margins("0.02"), ("cohen_d is not compared",)),
        commands=["mlflow run . -e main"],
    )


def test_it_says_the_verdict_the_numbers_and_what_was_left_out() -> None:
    html = page(Verdict.FAIL, CHECK)
    assert "fail" in html
    assert "champion stays: version 2." in html
    assert "+0.1520" in html
    assert "+0.1400 to +0.1640" in html
    assert "cohen_d is not compared." in html
    assert "&lt;b&gt;Male" in html
    assert "<script" not in html
    assert "http" not in html.replace("http-equiv", "")


def test_a_number_that_is_not_shown_is_hidden_and_its_verdict_is_not() -> None:
    hidden = dataclasses.replace(
        CHECK,
        candidate=math.nan,
        champion=math.nan,
        value=math.nan,
        ci_low=math.nan,
        ci_high=math.nan,
        reason="hidden: fewer than 5 rows",
        decided=Verdict.FAIL,
    )
    html = page(Verdict.FAIL, hidden)
    assert "fewer than 5 rows" in html
    assert "worse" in html
    assert "nan" not in html.lower()


def test_nothing_decided_is_no_verdict() -> None:
    assert "Nothing was decided" in page(None, CHECK)
