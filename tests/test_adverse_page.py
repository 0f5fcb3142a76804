"""docs/adverse_decisions.md: its file with texts, its example and its keys."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

import fairrun.inference
from fairrun.data import DataRequest, prepare, resolve_spec
from fairrun.inference import describe
from fairrun.models.saved import SavedModel
from fairrun.serving.answering import answer
from fairrun.serving.reason_file import read_texts
from fairrun.serving.reason_sentences import PLACEHOLDERS, SENTENCES
from fairrun.serving.reason_texts import ReasonTexts, texts_for
from fairrun.training import FairClassifier
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "adverse_decisions.md").read_text("utf-8")


@pytest.fixture(scope="module")
def saved() -> SavedModel:
    """What the first command of the page trains."""
    data = prepare(resolve_spec(DataRequest(data="census")))
    train = data.splits["train"]
    sex, *others = data.spec.protected
    frame = train.frame.drop(columns=[other.column for other in others])
    classifier = FairClassifier(
        sex, mitigator="group_thresholds", changeable=data.spec.changeable
    ).fit(frame, train.label)
    model = classifier.inference_
    return SavedModel(fairrun.inference, model, describe(model))


@pytest.fixture(scope="module")
def texts(saved: SavedModel) -> ReasonTexts:
    return texts_for(saved, read_texts(str(ROOT / "docs" / "reason_texts.yaml")))


def after(mark: str, pattern: str) -> str:
    found = re.search(rf"<!-- {mark} -->\n{pattern}", PAGE, flags=re.DOTALL)
    assert found is not None, mark
    return found[1]


def test_the_file_has_a_text_for_every_column(texts: ReasonTexts) -> None:
    assert texts.remarks == ()


def test_the_applicant_gets_the_notice_of_the_page(saved: SavedModel, texts: ReasonTexts) -> None:
    applicant = after("applicant", "```json\n(.*?)```")
    quoted = " ".join(after("notice", "(.*?)\n\n").replace("\n> ", " ").split()).removeprefix("> ")
    reply = answer(saved, applicant.encode(), b"reasons=true", texts=texts)
    (notice,) = json.loads(reply.body)["reasons"]
    assert notice["text"] == quoted


def test_the_page_has_every_key_and_its_words() -> None:
    table = after("sentences", "(.*?)\n\n")
    rows: list[Any] = [line.split("|") for line in table.splitlines()[2:]]
    keys = [key for row in rows for key in re.findall(r"`(\w+)`", row[1])]
    assert sorted(keys) == sorted(SENTENCES)
    words = set(re.findall(r"\{(\w+)\}", table))
    assert words == {word.rstrip("*") for own in PLACEHOLDERS.values() for word in own}
