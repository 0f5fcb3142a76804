"""The model card, as Markdown and as a page.

`golden/model_card.md` and `golden/model_card.html` are what the card of a small evaluation looked
like when somebody last looked at it. If it shall look otherwise, write it anew, and read what
changed:

    PYTHONPATH=. python tests/pages/test_card.py && git diff tests/pages/golden
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from fairrun.explanations import Overview
from fairrun.figures import Plot
from fairrun.gate import check_constraint, decide, parse_gate
from fairrun.groups import ProtectedColumn
from fairrun.metrics import evaluate_predictions, hidden_groups, show
from fairrun.pages import (
    STATEMENTS,
    ModelFacts,
    Section,
    Statements,
    model_card,
    render_card,
    render_card_markdown,
)
from fairrun.pages.card_blocks import (
    Answer,
    Card,
    CardSection,
    Command,
    Items,
    Pairs,
    Picture,
    Text,
)
from fairrun.pages.card_front_matter import front_matter, metadata
from fairrun.pages.card_markdown import markdown as card_markdown
from fairrun.pages.card_markdown import plain
from fairrun.pages.cells import Cell, Table
from tests.figures.explained import overview
from tests.pages.test_report import GOLDEN as REPORT
from tests.pages.test_report import ORIGIN, PLOTS, Page, small_evaluation

GOLDEN = REPORT.parent
#: The front matter as the Hub finds it.
FRONT = re.compile(r"^(\s*---[\r\n]+)([\S\s]*?)([\r\n]+---(\r\n|\n|$))")
KNOWN = {
    *("language", "license", "license_name", "license_link", "library_name", "tags", "datasets"),
    *("metrics", "base_model", "model-index", "pipeline_tag"),
}
COUNTS = pd.DataFrame(
    [
        ("train", group, label, count, 0.1, "")
        for group, counts in {"Male": (300, 200), "Female": (350, 90)}.items()
        for label, count in zip(("not high", "high"), counts, strict=True)
    ],
    columns=["split", "group", "label", "count", "share", "instead"],
)
BEFORE_AFTER = pd.DataFrame(
    [
        ("accuracy", 0.85, 0.84, 0.86, 0.84, 0.83, 0.85),
        ("statistical_parity", 0.18, 0.16, 0.2, -0.02, -0.04, 0.0),
        ("average_odds_difference", *(float("nan"),) * 6),
    ],
    columns=[
        "metric",
        *(f"{w}{e}" for w in ("before", "after") for e in ("", "_ci_low", "_ci_high")),
    ],
)
SAID = Statements(
    {
        "name": "Pay planner 2",
        "licence": "Our licence, 1.0",
        "languages": "en, de",
        "intended_use": "Proposes salaries to a clerk.\n\nNobody is paid by it alone.",
    },
    "card.yaml",
)


@cache
def small_facts() -> ModelFacts:
    """What is known about a small evaluation, without a plot that is drawn."""
    evaluation = small_evaluation()
    gate = parse_gate("accuracy>=0.6; statistical_parity<=0.1 @ sex; disparate_impact>=0.9 @ race")
    return ModelFacts(
        ORIGIN,
        evaluation,
        PLOTS,
        gate,
        decide(gate, evaluation.counts, evaluation.audit),
        not_explained="its only feature is the score of another model",
        constraint=check_constraint(
            "statistical_parity<=0.05", "sex", evaluation.counts, evaluation.audit
        ),
        warnings=(
            "reweighing is less accurate than giving every row the label 0 (0.7 against 0.8)",
        ),
        sections=(Section("Subgroups", "subgroups", findings=("No subgroup is confirmed.",)),),
        training_run="0123abcd",
        parameters={
            "mitigator.name": "reweighing",
            "estimator.C": "1.0",
            "data.protected": "sex,race",
            "data.target": "paid",
        },
        tags={
            "estimator": "logistic_regression",
            "mitigator.reads_group": "false",
            "mitigator.randomised": "false",
            "dataset.name": "people",
            "dataset.digest": "ffeeddccbbaa99887766554433221100",
            "mlflow.source.git.commit": "1" * 40,
        },
        metrics={"n_rows_train": 940.0, "n_rows_validation": 300.0},
        tables={"label_group_counts": COUNTS, "before_after": BEFORE_AFTER},
        columns=({"name": "age", "type": "number", "role": "feature"},),
        model_bytes=23456.0,
        lock_digest="ab" * 32,
        source="people.csv",
    )


def said_facts() -> ModelFacts:
    return replace(small_facts(), statements=SAID)


def html(facts: ModelFacts) -> str:
    return render_card(model_card(facts), facts.plots)


def markdown(facts: ModelFacts) -> str:
    return render_card_markdown(model_card(facts), facts)


def test_both_are_what_somebody_looked_at() -> None:
    assert markdown(said_facts()) == (GOLDEN / "model_card.md").read_text("utf-8")
    assert html(said_facts()) == (GOLDEN / "model_card.html").read_text("utf-8")


def test_a_card_with_places_to_fill_says_so_first_and_how() -> None:
    card = model_card(small_facts())
    asked = [answer.key for answer in card.missing]
    assert len(asked) == len({*asked})
    assert {*asked} <= {*STATEMENTS}
    header = Page(html(small_facts())).all("header")[0][2]
    command = f"{ORIGIN.command} -P card=card.yaml"
    assert f"This card is not complete: {len(asked)} answers are missing" in header
    assert command in header
    first, _, rest = markdown(small_facts()).partition("## Verdict")
    assert f"{len(asked)} answers are missing" in first
    assert command in first
    assert all(f"to be filled in ({key})" in f"{first}{rest}" for key in asked)


def test_a_card_names_no_folder() -> None:
    command = "mlflow run . -e evaluate -P data=/home/ann/rows.csv -P 'card=/home/a b/card.yaml'"
    facts = replace(small_facts(), origin=replace(ORIGIN, command=command))
    card = model_card(facts)
    for text in (render_card(card, facts.plots), render_card_markdown(card, facts)):
        assert "rows.csv" in text
        assert "/home" not in text


def test_a_card_with_all_answers_has_none_of_the_words_for_their_absence() -> None:
    answers = {key: f"The answer about {key}." for key in STATEMENTS}
    facts = replace(small_facts(), statements=Statements(answers, "card.yaml"))
    asked = [answer.key for answer in model_card(small_facts()).missing]
    for text in (html(facts), markdown(facts)):
        assert "not complete" not in text
        assert "to be filled in" not in text
        assert all(f"The answer about {key}." in text for key in asked)
    assert model_card(facts).command == ORIGIN.command


def test_one_missing_answer_is_counted_in_the_singular() -> None:
    asked = [answer.key for answer in model_card(small_facts()).missing]
    given_all = Statements(dict.fromkeys(asked[1:], "Yes."), "card.yaml")
    card = model_card(replace(small_facts(), statements=given_all))
    assert "1 answer is missing" in card.notice


def section(facts: ModelFacts, anchor: str) -> str:
    """The words of a section of the page."""
    page = Page(html(facts))
    (text,) = [t for _, a, t in page.all("section") if a["aria-labelledby"] == anchor]
    return text


def test_known_failures_are_those_that_the_runs_have_found() -> None:
    facts = small_facts()
    said = section(facts, "failures")
    assert facts.result is not None
    failed = [each for each in facts.result.judgements if each.verdict == "fail"]
    assert ("of the gate failed:" in said) == bool(failed)
    assert all(str(each.term) in said for each in failed)
    assert "reweighing is less accurate than giving every row the label 0" in said
    assert "The method promises statistical_parity<=0.05. On these rows: not" in said
    assert "Subgroups: No subgroup is confirmed." in said
    rates = facts.evaluation.audit.rates
    off = rates[(rates["metric"] == "calibration_in_the_large") & (rates["protected"] != "")]
    assert ("Scores are higher than" in said) == bool((off["ci_low"] > 0).any())
    assert ("Scores are lower than" in said) == bool((off["ci_high"] < 0).any())
    assert "drift" in said
    unsearched = section(replace(facts, sections=()), "failures")
    assert "evaluate with subgroups=2" in unsearched


@pytest.mark.parametrize(
    ("reads", "draws", "said"),
    [
        ("true", "true", "the model reads sex"),
        ("false", "false", "the model does not read sex and race"),
    ],
)
def test_the_policy_says_whether_the_rule_reads_the_group(
    reads: str, draws: str, said: str
) -> None:
    columns: list[dict[str, str]] = [{"name": "age", "type": "number", "role": "feature"}]
    if reads == "true":
        columns.append({"name": "sex", "type": "text", "role": "protected"})
    tags = {"mitigator.reads_group": reads, "mitigator.randomised": draws}
    policy = section(replace(small_facts(), tags=tags, columns=columns), "policy")
    assert said in policy
    assert ("neutral rule" in policy) == (reads == "true")
    assert ("The rule is randomised" in policy) == (draws == "true")
    assert "Training: reweighing used sex" in policy
    without = replace(ORIGIN, mitigator="none")
    assert "sex was not used" in section(replace(small_facts(), origin=without), "policy")
    unknown = section(replace(small_facts(), tags={}, columns=()), "policy")
    assert "not known which columns" in unknown


def test_what_mitigation_did_is_shown_or_said_to_be_missing() -> None:
    facts = small_facts()
    shown = section(facts, "mitigation")
    assert "0.850 (0.840 to 0.860)" in shown
    assert "−0.020 (−0.040 to 0.000)" in shown
    assert "one threshold for everybody" in shown
    assert "the run of training has none" in section(replace(facts, tables={}), "mitigation")
    without = replace(facts, origin=replace(ORIGIN, mitigator="none"))
    assert "trained without mitigation" in section(without, "mitigation")
    of_scores = replace(facts, origin=replace(ORIGIN, of_scores=True))
    assert "the decisions without the rule" in section(of_scores, "mitigation")


def test_small_groups_of_training_rows_follow_the_evaluations_min_cell() -> None:
    few = COUNTS.assign(count=[300, 200, 4, 3])
    facts = replace(small_facts(), tables={"label_group_counts": few})
    assert "| Female | 7 | 4 | 3 |" in markdown(facts)
    hidden = replace(
        facts, evaluation=show(facts.evaluation, hidden_groups(facts.evaluation.counts, 10))
    )
    text = markdown(hidden)
    assert "| Female | fewer than 10 | fewer than 10 |" in text
    assert "| Male | hidden | hidden |" in text


def test_explanations_and_their_plot_are_there_if_the_model_is_explained() -> None:
    of_model: Overview = overview()
    plots = {**PLOTS, "column_importance": PLOTS["roc"]}
    facts = replace(small_facts(), overview=of_model, not_explained="", plots=plots)
    assert "The score depends most on" in section(facts, "explanations")
    assert "](plots/column_importance.png)" in markdown(facts)
    assert "its only feature is" in section(small_facts(), "explanations")


def test_the_front_matter_has_known_keys_and_the_numbers_of_the_evaluation() -> None:
    facts = said_facts()
    found = yaml.safe_load(FRONT.match(markdown(facts))[2])  # type: ignore[index]
    assert {*found} <= KNOWN
    assert found["language"] == ["en", "de"]
    assert (found["license"], found["license_name"]) == ("other", "our-licence-1.0")
    (index,) = found["model-index"]
    assert index["name"] == "Pay planner 2"
    (result,) = index["results"]
    assert result["task"]["type"] == "tabular-classification"
    numbers = {each["type"]: each["value"] for each in result["metrics"]}
    assert numbers["accuracy"] == pytest.approx(facts.evaluation.metrics["accuracy"], abs=1e-6)
    assert {*found["metrics"]} <= {*numbers}
    known = replace(facts, statements=Statements({"licence": "MIT", "languages": "English"}))
    assert metadata(known)["license"] == "mit"
    assert not {"language", "license_name"} & {*metadata(known)}
    assert not {"language", "license"} & {*metadata(small_facts())}


def test_a_metric_that_is_not_shown_is_in_no_front_matter() -> None:
    evaluation = small_evaluation()
    gone = {name: float("nan") for name in evaluation.metrics if name.startswith("disparate")}
    facts = replace(
        small_facts(), evaluation=replace(evaluation, metrics=evaluation.metrics | gone)
    )
    assert "disparate_impact" not in front_matter(facts)
    nothing = replace(evaluation, metrics=dict.fromkeys(evaluation.metrics, float("nan")))
    assert "model-index" not in metadata(replace(facts, evaluation=nothing))


def test_the_page_loads_nothing_and_every_id_is_there_once() -> None:
    page = Page(html(small_facts()))
    assert not page.open
    assert not page.all("script", "link", "iframe", "object", "embed", "base", "form")
    assert not [key for _, a, _ in page.elements for key in a if key.startswith("on")]
    ids = [attributes["id"] for _, attributes, _ in page.elements if "id" in attributes]
    assert len({*ids}) == len(ids)
    links = {str(a["href"]) for _, a, _ in page.all("a")}
    assert links <= {f"#{each}" for each in ids}
    assert len(page.all("h1")) == 1
    assert len(page.all("caption")) == len(page.all("table"))


# What people and data may contain: signs of Markdown, HTML, YAML, tables and front matter.
_SIGNS = (
    *("---", "\n---\n", "|", "\\", "`", "```", "*", "_", "#", "- ", "1. ", ">", "<", "<b>"),
    *("<script>", "</code>", "](x)", "[a](javascript:b)", "![", "~~", "$x$", "'", '"', ": "),
    *("\n", "\n\n", "{{ x }}", "%", "http://a.example", "<!--", "&lt;", "&amp;", "=", "+", "\t"),
    *("  \n", "é", "\x85", "@ann", ":smile:"),
)
_HOSTILE = st.lists(
    st.one_of(st.sampled_from(_SIGNS), st.text(max_size=4)), min_size=1, max_size=6
).map("".join)
#: Something that can be seen: a name or an answer of blanks alone is none.
_SAID = _HOSTILE.filter(lambda text: bool(text.strip()))


def tokens_of(text: str) -> list[Token]:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    found = []
    for token in parser.parse(text):
        found += [token, *(token.children or [])]
    return found


def shape(text: str) -> list[str]:
    """The elements of Markdown, without the text in them."""
    inside = {"text", "softbreak", "hardbreak"}
    return [token.type for token in tokens_of(text) if token.type not in inside]


def words_of(text: str) -> list[str]:
    """The text of each paragraph, cell and block of code."""
    return [
        "".join(each.content for each in token.children or [token] if each.type != "image")
        for token in tokens_of(text)
        if token.type in ("inline", "fence")
    ]


def elements(page: str) -> list[tuple[str, list[str]]]:
    """The elements of a page with their attributes; a long word may break anywhere."""
    return [
        (name, sorted({*attributes} - {"class"}))
        for name, attributes, _ in Page(page).elements
        if name not in ("wbr", "p")
    ]


def card_of(text: str, said: Answer) -> Card:
    """A card in which everything that can come from data or people is this text."""
    cell = Cell(text, text, word="row")
    blocks = (
        Text(text),
        Text(text, is_warning=True),
        said,
        Answer("Use", "intended_use", text),
        Items((text, text)),
        Pairs(((text, text), ("a", text))),
        Command(text, text),
        Picture("roc", text),
        Table(text, (text, text, text), ((cell, cell, cell), (cell, Cell(text), cell)), text),
    )
    return Card(
        *(text, text, (text,), "fail", text, text),
        (Answer("Use", "owner", text),),
        text,
        (CardSection(text, "a", blocks),),
        {"row": (text, text)},
    )


@settings(max_examples=150)
@given(text=_SAID)
def test_nothing_that_data_or_people_say_is_markup(text: str) -> None:
    answer = Answer("Use", "intended_use", "what it is for", text)
    simple = replace(answer, text="\n\n".join("a" for _ in answer.paragraphs))
    card, harmless = card_of(text, answer), card_of("a", simple)
    plots = {"roc": Plot(b"png", text)}
    found = card_markdown(card, plots)
    assert shape(found) == shape(card_markdown(harmless, plots))
    shown = [" ".join(words.split()) for words in words_of(found)]
    seen = " ".join(text.replace("\0", "�").split())  # Markdown has no NUL
    in_cells = " ".join(f"{text} ({text})".replace("\0", "�").split())
    assert shown.count(in_cells) == 5
    assert seen in shown
    assert elements(render_card(card, plots)) == elements(render_card(harmless, plots))


@settings(max_examples=100)
@given(texts=st.lists(_HOSTILE, min_size=4, max_size=4))
def test_the_front_matter_says_what_was_meant(texts: list[str]) -> None:
    name, licence, target, dataset = texts
    said = Statements({"name": name, "licence": licence, "languages": target})
    origin = replace(ORIGIN, target=target, dataset=dataset)
    facts = replace(small_facts(), statements=said, origin=origin)
    text = front_matter(facts)
    found = FRONT.match(f"{text}\n# Model card")
    assert found is not None
    assert yaml.safe_load(found[2]) == metadata(facts)
    assert found.end() == len(text)


@given(text=_HOSTILE)
def test_plain_text_is_a_paragraph_without_markup(text: str) -> None:
    assert {*shape(plain(text))} <= {"paragraph_open", "inline", "paragraph_close"}


@pytest.mark.parametrize(
    "names",
    [
        ("se|x", "<b>Male</b>", "Fe`male"),
        ("---", "# Male", "[Female](x)"),
        ("*sex*", "1. Male", "Female\\"),
        ("a: 'b'", '"Male"', "- Female"),
    ],
)
def test_names_of_columns_and_groups_are_shown_as_they_are(names: tuple[str, str, str]) -> None:
    facts, harmless = named(*names), named("sex", "Male", "Female")
    body, other = (FRONT.sub("", markdown(each)) for each in (facts, harmless))
    assert shape(body) == shape(other)
    assert all(any(each in words for words in words_of(body)) for each in names)
    for block in body.split("\n\n"):
        if block.startswith("| "):
            rows = [re.split(r"(?<!\\)\|", line) for line in block.splitlines()]
            assert len({len(row) for row in rows}) == 1
    found = FRONT.match(markdown(facts))
    assert found is not None
    assert yaml.safe_load(found[2]) == metadata(facts)
    assert [tag for tag, _ in elements(html(facts))] == [tag for tag, _ in elements(html(harmless))]


def named(name: str, a: str, b: str) -> ModelFacts:
    """A small evaluation of a column with such names."""
    column = ProtectedColumn(name, (a, b), (a,), (b,))
    i = np.arange(80)
    evaluation = evaluate_predictions([column], [i % 2], i // 2 % 2, i // 3 % 2, (i % 7) / 7)
    counts = COUNTS.assign(group=[a, a, b, b])
    findings = pd.DataFrame({"sentence": [f"{name} tells {a} from {b}"]})
    return replace(
        small_facts(),
        evaluation=evaluation,
        gate=None,
        result=None,
        tables={"label_group_counts": counts, "findings": findings},
        columns=({"name": name, "type": "text", "role": "protected"},),
        parameters={"data.protected": name, "estimator.C": a},
        origin=replace(ORIGIN, target=name, positive=a, dataset=b),
    )


if __name__ == "__main__":
    (GOLDEN / "model_card.md").write_text(markdown(said_facts()), encoding="utf-8")
    (GOLDEN / "model_card.html").write_text(html(said_facts()), encoding="utf-8")
