"""Texts of the notices of one model: what its author gave, and defaults for the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fairrun.errors import RequestError
from fairrun.models.saved import SavedModel
from fairrun.serving.reason_file import read_texts
from fairrun.serving.reason_sentences import SENTENCES
from fairrun.serving.reason_texts import Statement, texts_for
from tests.serving.test_reasons import _THRESHOLDS, made, notice_of


def document(columns: dict[str, Any] | None = None, **sentences: str) -> dict[str, Any]:
    return {"columns": columns or {}, "sentences": sentences}


@pytest.fixture(scope="module")
def model() -> SavedModel:
    return made(decision=_THRESHOLDS)


def test_the_default_texts_are_made_from_the_names(model: SavedModel) -> None:
    texts = texts_for(model)
    assert [own.plain for own in texts.columns.values()] == [
        Statement("C1", "income"),
        Statement("C2", "debt"),
        Statement("C3", "job"),
    ]
    assert texts.columns["income"].low == Statement("C1", "income (below average)")
    assert (texts.sentences, texts.remarks) == (SENTENCES, ())


def test_a_text_holds_for_all_values_that_have_none_of_their_own(model: SavedModel) -> None:
    texts = texts_for(
        model,
        document(
            {
                "income": {"code": "R1", "text": "Income", "low": "Income is low"},
                "debt": {"high": {"code": "R3", "text": "Debt is high"}},
                "job": {"code": "R4", "values": {"cook": "Work as a cook"}},
            }
        ),
    )
    income, debt, job = texts.columns.values()
    assert (income.plain, income.low, income.high) == (
        Statement("R1", "Income"),
        Statement("R1", "Income is low"),
        Statement("R1", "Income"),
    )
    assert (debt.plain, debt.high) == (Statement("C2", "debt"), Statement("R3", "Debt is high"))
    assert (job.plain, job.values["cook"]) == (
        Statement("R4", "job"),
        Statement("R4", "Work as a cook"),
    )


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"sex": {"text": "x"}}, "'sex', the protected column, of which a notice says nothing"),
        ({"incom": {"text": "x"}}, "'incom', which is no feature; did you mean income?"),
        ({"zzz": {"text": "x"}}, "'zzz', which is no feature; the features are income, debt, job"),
        ({"job": {"low": "x"}}, "'job' has low, but holds text; give values"),
        ({"debt": {"values": {"1": "x"}}}, "'debt' has values, but holds numbers; give low and"),
        ({"debt": {"code": "R1"}, "job": {"code": "R1"}}, "'debt' and 'job' have the same code"),
        ({"income": {"code": "C2"}}, "'income' and 'debt' have the same code 'C2'"),
        (
            {"income": {"low": {"code": "R1", "text": "x"}}, "job": {"code": "R1"}},
            "'income' and 'job' have the same code 'R1'",
        ),
    ],
)
def test_texts_that_do_not_suit_the_model_are_refused(
    model: SavedModel, columns: dict[str, Any], said: str
) -> None:
    with pytest.raises(RequestError) as raised:
        texts_for(model, document(columns))
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_what_the_author_left_out_is_said(model: SavedModel) -> None:
    given = {"income": {"text": "x"}, "job": {"values": {"cok": "x", "clerk": "y"}}}
    given["debt"] = {"code": "R9"}
    own = {key: text for key, text in SENTENCES.items() if key != "closing"}
    assert texts_for(model, document(given, **own)).remarks == (
        "reason_texts has no text for debt; their names are used",
        "reason_texts, column 'job': the model names no value cok; check the spelling",
        "reason_texts has no sentence closing; the English one is used",
    )
    complete = {name: {"text": name} for name in ("income", "debt", "job")}
    assert texts_for(model, document(complete)).remarks == ()


def test_braces_in_a_text_are_not_filled_in(model: SavedModel) -> None:
    texts = texts_for(model, document({"income": {"text": "{changes} {reasons}"}}))
    notice = notice_of(model, {"sex": None}, texts=texts)
    assert "first: {changes} {reasons}; debt" in notice["text"]


_GERMAN = """
columns:
  income: {code: E1, name: Einkommen, text: Einkommen, low: Ihr Einkommen ist niedrig}
  debt: {code: E2, name: Schulden, text: Schulden, high: Ihre Schulden sind hoch}
  job: {code: E3, name: Beruf, text: Beruf}
sentences:
  opening: Ein Rechenmodell hat Ihre Angaben bewertet und Ihren Antrag abgelehnt.
  reasons: "Die wichtigsten Gründe sind: {reasons}."
  no_reasons: Keine Angabe hat Ihre Bewertung gesenkt.
  below: Die Bewertung insgesamt ist zu niedrig.
  changes: "Mit einer dieser Angaben wäre er angenommen worden: {changes}."
  no_change: Keine einzelne Änderung ({names}) hätte sicher gereicht.
  nothing_changeable: Änderungen nennen wir nicht.
  drawn: Das Los hat entschieden. Die Chance war {chance}.
  some_drawn: In manchen Fällen entscheidet das Los.
  closing: Die Gründe beschreiben die Rechnung des Modells.
  reason: "{text} ({code})"
  change: "{name} {to} statt {from}"
  not_given: keine Angabe
  separator: ", "
  or: " oder "
  default: "{name}"
  default_low: "{name} (unter dem Durchschnitt)"
  default_high: "{name} (über dem Durchschnitt)"
"""


def test_a_notice_can_be_in_another_language(model: SavedModel, tmp_path: Path) -> None:
    path = tmp_path / "texte.yaml"
    path.write_text(_GERMAN, encoding="utf-8")
    texts = texts_for(model, read_texts(str(path)))
    assert texts.remarks == ()
    assert notice_of(model, {"sex": None}, texts=texts)["text"] == (
        "Ein Rechenmodell hat Ihre Angaben bewertet und Ihren Antrag abgelehnt. Die wichtigsten "
        "Gründe sind: Ihr Einkommen ist niedrig (E1), Ihre Schulden sind hoch (E2), Beruf (E3). "
        "Mit einer dieser Angaben wäre er angenommen worden: Einkommen 40 statt 25 oder Schulden "
        "4.9 statt 12. Die Gründe beschreiben die Rechnung des Modells."
    )
