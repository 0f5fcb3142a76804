"""The report of an evaluation.

`golden/report.html` is what the report of a small evaluation looked like when somebody last looked
at it. If it shall look otherwise, write it anew, open it, and read what changed:

    PYTHONPATH=. python tests/pages/test_report.py && git diff tests/pages/golden
"""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fairrun.figures import Plot, draw_evaluation
from fairrun.gate import GATE_METRICS, check_constraint, decide, parse_gate
from fairrun.groups import ProtectedColumn
from fairrun.metrics import Evaluation, Publication, evaluate_predictions, with_publication
from fairrun.pages import Origin, render_report
from fairrun.pages.gate_tables import gate_table
from fairrun.pages.glossary import WORDS
from tests.figures.samples import EVALUATION, GATE, HARD, HARD_GATE, HARD_JUDGED, JUDGED

GOLDEN = Path(__file__).parent / "golden" / "report.html"
STYLE = Path(render_report.__code__.co_filename).parent / "templates" / "style.css"
VOID = {"meta", "img", "wbr", "br"}

ORIGIN = Origin(
    model="runs:/0123456789abcdef/model",
    mitigator="reweighing",
    dataset="people",
    digest="00112233445566778899aabbccddeeff",
    rows="test",
    target="paid",
    positive="high",
    run_id="fedcba9876543210",
    command="mlflow run . --env-manager local -e evaluate -P model=runs:/0123456789abcdef/model",
    date="29 November 2026",
    user="ann",
    purpose="Decide whether the model may propose salaries",
    commit="0" * 40,
    versions={"Python": "3.11.7", "numpy": "2.4.0"},
)
PLOTS = {
    name: Plot(name.encode(), f"What {name} shows.")
    for name in ("metrics", "groups", "confusion_matrices", "roc", "calibration")
}


def small_evaluation() -> Evaluation:
    """Six hundred rows without a random number: two columns, some of their values missing."""
    i = np.arange(600)
    sex = np.where(i % 29 == 0, -1, (i % 5 > 2).astype(int))
    race = np.where(i % 31 == 0, -1, np.where(i % 7 < 4, 0, np.where(i % 7 < 6, 1, 2)))
    label = ((7 * i) % 10 < 4 + (sex == 0)).astype(int)
    score = (((37 * i) % 101) / 101 + label + 0.2 * (race == 0)) / 2.2
    columns = (
        ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",)),
        ProtectedColumn("race", ("White", "Black", "Other"), ("White",), ("Black", "Other")),
    )
    return evaluate_predictions(columns, [sex, race], label, (score > 0.5).astype(int), score)


def small_report() -> str:
    said = Publication(date="2026-11-02", tool="Screener 3", data="historical")
    evaluation = with_publication(small_evaluation(), said)
    gate = parse_gate("accuracy>=0.6; statistical_parity<=0.1 @ sex; disparate_impact>=0.9 @ race")
    result = decide(gate, evaluation.counts, evaluation.audit)
    return render_report(evaluation, ORIGIN, PLOTS, gate, result)


class Page(HTMLParser):
    """The elements of a page: (name, attributes, text), the text with that of what is inside."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.open: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = (tag, dict(attrs), [])
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        for _, _, text in self.open:
            text.append(data)

    def all(self, *names: str) -> list[tuple[str, dict[str, str | None], str]]:
        return [
            (name, attributes, " ".join("".join(text).split()))
            for name, attributes, text in self.elements
            if name in names
        ]


@pytest.fixture(scope="module")
def hard_report() -> str:
    plots = draw_evaluation(HARD, HARD_JUDGED)
    return render_report(HARD, ORIGIN, plots, HARD_GATE, HARD_JUDGED)


@pytest.fixture(scope="module", params=["small", "hard"])
def html(request: pytest.FixtureRequest, hard_report: str) -> str:
    return small_report() if request.param == "small" else hard_report


def test_it_is_what_somebody_looked_at() -> None:
    assert small_report() == GOLDEN.read_text(encoding="utf-8")


def test_a_small_screen_shows_the_verdict_and_the_value_of_each_check_first() -> None:
    evaluation = small_evaluation()
    gate = parse_gate("abroca<=0.1 @ sex; calibration_in_the_large<=0.1; min_count=5; family=holm")
    result = decide(gate, evaluation.counts, evaluation.audit)
    table = gate_table(result)
    assert table.columns[:3] == ("check and groups", "result", "value and interval")
    (of_abroca, *_), (of_all, *_) = table.rows
    assert (of_abroca.interval, of_all.interval) == ("sex Male against Female", "all rows")
    shown = [row[2] for row in table.rows]
    assert shown[0].interval.startswith("at most 0.")
    assert shown[1].text.startswith("+0.")


def test_one_heading_of_the_first_level_and_none_is_skipped(html: str) -> None:
    levels = [int(name[1]) for name, _, _ in Page(html).all("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_element_is_closed_and_every_id_is_there_once(html: str) -> None:
    page = Page(html)
    assert not page.open
    ids = [attributes["id"] for _, attributes, _ in page.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    labels = {a["aria-labelledby"] for _, a, _ in page.elements if "aria-labelledby" in a}
    assert labels == {each for each in ids if not each.startswith("word-")}


def test_every_link_leads_to_a_section_or_to_a_definition_of_the_page(html: str) -> None:
    page = Page(html)
    links = {str(attributes["href"]) for _, attributes, _ in page.all("a")}
    ids = {f"#{attributes['id']}" for _, attributes, _ in page.elements if "id" in attributes}
    assert links <= ids
    contents = {str(a["href"]) for _, a, _ in page.all("a") if a["href"] in {"#verdict", "#again"}}
    assert len(contents) == 2
    assert {"#word-disparate_impact", "#word-cohen_d", "#word-abroca", "#word-2sd_rule"} <= links
    assert {"#word-worst_pair", "#word-row"} <= links
    titles = {a["href"]: a["title"] for _, a, _ in page.all("a") if "title" in a}
    assert titles["#word-abroca"] == WORDS["abroca"]


def test_every_metric_of_an_evaluation_has_a_definition() -> None:
    audited = EVALUATION.audit
    metrics = {*audited.compared["metric"], *audited.rates["metric"], *GATE_METRICS}
    metrics |= {name for name in EVALUATION.metrics if "/" not in name}
    ends = ("_ci_low", "_ci_high", "_worst", "n_rows", "neither_share")
    assert {name for name in metrics if not name.endswith(ends)} <= {*WORDS}


def test_nothing_is_loaded_from_elsewhere_and_nothing_runs(html: str) -> None:
    page = Page(html)
    assert not page.all("script", "link", "iframe", "object", "embed", "base", "form")
    for name, attributes, _ in page.elements:
        assert not [key for key in attributes if key.startswith("on")], name
        assert str(attributes.get("href", "#")).startswith("#")
        source = attributes.get("src")
        assert source is None or source.startswith("data:image/png;base64,")
    without_pictures = re.sub(r'src="data:[^"]*"', "", html)
    assert not re.search(r"https?:|//|url\(|@import", without_pictures.replace("runs:/", ""))


def test_every_picture_says_what_it_shows(hard_report: str) -> None:
    pictures = Page(hard_report).all("img")
    assert len(pictures) == 6
    assert all(len(attributes["alt"] or "") > 40 for _, attributes, _ in pictures)


def test_every_table_has_a_caption_and_heads_with_a_scope(html: str) -> None:
    page = Page(html)
    assert len(page.all("caption")) == len(page.all("table")) >= 8
    assert all(text for _, _, text in page.all("caption"))
    scopes = [attributes.get("scope") for _, attributes, _ in page.all("th")]
    assert set(scopes) == {"row", "col"}
    assert scopes.count("row") == len(page.all("tr")) - len(page.all("thead"))


def test_text_has_enough_contrast() -> None:
    def luminance(color: str) -> float:
        digits = color[1:] if len(color) == 7 else "".join(2 * c for c in color[1:])
        channels = np.array([int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)])
        linear = np.where(
            channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4
        )
        return float(linear @ (0.2126, 0.7152, 0.0722))

    rules = re.findall(r"\{([^{}]*)\}", STYLE.read_text("utf-8"))
    pairs = [
        (color[1], ground[1] if (ground := re.search(r"background: (#\w+)", rule)) else "#fff")
        for rule in rules
        if (color := re.search(r"(?<!-)\bcolor: (#\w+)", rule))
    ]
    assert len(pairs) >= 8
    for color, ground in [*pairs, ("#1a1a1a", "#f2f2f2")]:  # the last: text of a command
        low, high = sorted((luminance(color), luminance(ground)))
        assert (high + 0.05) / (low + 0.05) >= 4.5, (color, ground)


@pytest.mark.parametrize(
    ("gate", "sign", "words"),
    [
        ("accuracy>=0.1", "✓", "Pass: the model meets the gate 1 check: 1 passed."),
        (
            "accuracy>=0.99; statistical_parity<=0.99",
            *("✗", "Fail: the model does not meet the gate 3 checks: 1 failed, 2 passed."),
        ),
        (
            "accuracy>=0.1 @ race; min_count=500",
            "?",
            "Insufficient evidence: there is too little data to decide "
            "3 checks: 2 had too little data to decide, 1 passed.",
        ),
        (None, "–", "No verdict: no gate was given"),
    ],
)
def test_the_first_lines_have_the_verdict_in_words_and_with_a_sign(
    gate: str | None, sign: str, words: str
) -> None:
    demanded = parse_gate(gate) if gate else None
    result = decide(demanded, EVALUATION.counts, EVALUATION.audit) if demanded else None
    page = Page(render_report(EVALUATION, ORIGIN, {}, demanded, result))
    (header,) = [text for _, _, text in page.all("header")]
    assert header.endswith(f"{sign} {words}")
    assert re.search(r"The group “Male” \(sex\) is selected (\d\.\d times as|more) often", header)
    captions = [text for _, _, text in page.all("caption")]
    assert ("Checks and results" in captions) == (gate is not None)


def test_the_first_lines_say_when_by_whom_on_what_and_what_for() -> None:
    evaluation = small_evaluation()
    page = Page(render_report(evaluation, ORIGIN, {}))
    about = [text for _, a, text in page.all("p") if a.get("class") == "about"]
    assert about == [
        "29 November 2026, by ann, 600 rows of people on which the model was not trained"
        "Purpose: Decide whether the model may propose salaries"
    ]
    unknown = replace(ORIGIN, date="", user="", purpose="", rows="evaluation")
    page = Page(render_report(evaluation, unknown, {}))
    about = [text for _, a, text in page.all("p") if a.get("class") == "about"]
    assert about == ["600 rows of people that were given"]


def test_a_verdict_is_told_by_a_sign_and_words_not_by_its_colour_alone(hard_report: str) -> None:
    signs = {"fail": "✗ failed", "insufficient_evidence": "? too little data", "pass": "✓ passed"}
    judged = [
        (str(a["class"]).removeprefix("judged "), text)
        for _, a, text in Page(hard_report).all("span")
        if str(a.get("class")).startswith("judged")
    ]
    assert len(judged) == len(HARD_JUDGED.judgements)
    assert all(text == signs[verdict] for verdict, text in judged)


def test_no_words_for_people_have_the_underscore_of_a_verdict(hard_report: str) -> None:
    assert "insufficient_evidence" not in Page(hard_report).all("html")[0][2].partition("}</")[2]
    body = Page(hard_report).all("body")[0][2]
    assert "insufficient_evidence" not in body


def test_tables_name_the_groups_and_not_a_and_b(html: str) -> None:
    texts = [text for _, _, text in Page(html).all("th", "td", "caption", "dd")]
    assert not [text for text in texts if re.search(r"\(a\)|\ba − b\b|\ba / b\b|\ba = ", text)]


def test_every_cell_has_its_heading_beside_it_on_a_small_screen(html: str) -> None:
    page = Page(html)
    heads = {text for _, a, text in page.all("th") if a["scope"] == "col"}
    assert {str(a["data-head"]) for _, a, _ in page.all("td")} <= heads
    tables = re.findall(r'<div class="table([^"]*)"(.*?)</table>', html, flags=re.DOTALL)
    assert len(tables) == len(page.all("table"))
    for classes, inside in tables:
        assert ("stacks" in classes) == (inside.count('scope="col"') > 2)


def test_the_numbers_are_those_of_the_evaluation() -> None:
    page = Page(render_report(EVALUATION, ORIGIN, {}, GATE, JUDGED))
    cells = {text for _, _, text in page.all("td")}
    audited = EVALUATION.audit
    tables = (audited.compared, audited.worst, audited.rates[audited.rates["protected"] == "race"])
    for table in tables:
        shown = table[table["metric"].isin(["disparate_impact", "selection_rate", "roc_auc"])]
        assert len(shown)
        for row in shown.dropna(subset="ci_low").itertuples():
            numbers = [f"{x:.3f}" for x in (row.value, row.ci_low, row.ci_high)]
            assert f"{numbers[0]} {numbers[1]} to {numbers[2]}" in cells
    words = {"pass": "✓ passed", "fail": "✗ failed"}
    for judgement in JUDGED.judgements:
        assert words.get(judgement.verdict, "? too little data") in cells
    law = EVALUATION.impact_audits["local_law_144"]
    for ratio in law["impact_ratio"].dropna():
        assert f"{ratio:.3f}" in cells


def test_who_is_not_known_is_counted() -> None:
    page = Page(render_report(EVALUATION, ORIGIN, {}))
    rows = [text.replace(",", "") for _, _, text in page.all("tr")]
    limits = [text.replace(",", "") for _, _, text in page.all("li")]
    for column in EVALUATION.counts.columns:
        n = EVALUATION.counts.marginal(column.name).table[-1].sum()
        assert any(row.startswith(f"(missing){column.name}not compared{n}") for row in rows)
        assert any(
            text.startswith(f"{n} rows have no known value of {column.name}") for text in limits
        )


def test_what_is_undefined_says_why(hard_report: str) -> None:
    text = Page(hard_report).all("main")[0][2]
    assert "no row of Native Hawaiian or other 7" in text
    undefined = HARD.audit.compared[HARD.audit.compared["value"].isna()]
    for row in undefined.itertuples():
        assert row.reason in text


def test_the_flip_test_is_there_where_it_was_made_and_else_said_to_be_missing() -> None:
    def title(page: Page) -> bool:
        return "Flip test" in [text for _, _, text in page.all("h3")]

    without = render_report(EVALUATION, ORIGIN, {})
    assert "the model does not read that column" in " ".join(without.split())
    assert not title(Page(without))
    frame = pd.DataFrame({"sex": ["Male", "Female"] * 5})
    flipped = EVALUATION.with_flips(lambda rows: (rows["sex"] == "Male").astype(int), frame)
    page = Page(render_report(flipped, ORIGIN, {}))
    assert title(page)
    assert "100.0%" in {text for _, _, text in page.all("td")}


def test_names_are_text_whatever_is_in_them() -> None:
    bad = '<script>alert("1")</script>'
    column = ProtectedColumn(f"a&b {bad}", (bad, "é"), (bad,), ("é",))
    evaluation = evaluate_predictions([column], [[0, 0, 1, 1]], [0, 1] * 2, [0, 1] * 2, [0.5] * 4)
    html = render_report(evaluation, ORIGIN, draw_evaluation(evaluation))
    page = Page(html)
    assert not page.all("script")
    assert bad in {text for _, _, text in page.all("th")}


def test_of_many_groups_the_largest_are_shown_and_the_others_are_counted() -> None:
    values = tuple(f"v{i:02}" for i in range(30))
    column = ProtectedColumn("origin", values, values[:1], values[1:])
    codes = np.repeat(np.arange(30), np.arange(10, 40))  # v29 has the most rows
    label = np.arange(len(codes)) % 2
    evaluation = evaluate_predictions([column], [codes], label, label, label * 0.5)
    page = Page(render_report(evaluation, ORIGIN, {}))
    heads = [text for _, attributes, text in page.all("th") if attributes["scope"] == "row"]
    assert heads.count("v29") == 5  # population, rates, four-fifths, both of Local Law 144
    assert heads.count("v05") == 0
    notes = [text for _, attributes, text in page.all("p") if attributes.get("class") == "note"]
    for name, n in (("rates", 6), ("four_fifths", 6), ("local_law_144", 6)):
        assert f"{n} groups with fewer rows are in audit/{name}.csv." in notes
    assert heads.count("(missing)") == 3
    assert "origin has 30 values. Only the 24 with the most rows are compared in pairs." in (
        [text for _, _, text in page.all("li")]
    )


@pytest.mark.parametrize("codes", [[-1] * 4, [0] * 4, [0, 1] * 2])
@pytest.mark.parametrize("label", [0, 1])
def test_rows_of_which_little_can_be_said(codes: list[int], label: int) -> None:
    column = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    labels, scores = [label] * len(codes), [float(label)] * len(codes)
    evaluation = evaluate_predictions([column], [codes], labels, labels, scores)
    gate = parse_gate("disparate_impact>=0.8; accuracy>=0.5 @ sex; roc_auc>=0.5")
    result = decide(gate, evaluation.counts, evaluation.audit)
    html = render_report(evaluation, ORIGIN, draw_evaluation(evaluation, result), gate, result)
    assert "Insufficient evidence" in html
    assert "nan" not in {text for _, _, text in Page(html).all("td")}


def test_the_first_lines_say_what_the_method_promises_and_what_it_does() -> None:
    counts, audited = EVALUATION.counts, EVALUATION.audit
    check = check_constraint("statistical_parity<=0.001", "sex", counts, audited)
    page = Page(render_report(EVALUATION, ORIGIN, {}, constraint=check, warnings=["m is <worse>"]))
    lines = [(a.get("class"), text) for _, a, text in page.all("header", "p")]
    lines = [line for line in lines if line[0] not in (None, "about", "summary")][:3]
    assert [of_class for of_class, _ in lines] == ["verdict none", "promise not-kept", "warning"]
    assert lines[1][1] == str(check)
    assert lines[2][1] == "Warning: m is <worse>."
    plain = Page(render_report(EVALUATION, ORIGIN, {}))
    assert not [a for _, a, _ in plain.all("p") if "promise" in str(a.get("class"))]


def test_how_it_is_made_again() -> None:
    text = Page(small_report()).all("main")[0][2]
    for said in (ORIGIN.command, ORIGIN.commit, ORIGIN.digest, ORIGIN.model, "numpy 2.4.0"):
        assert said in text


if __name__ == "__main__":
    GOLDEN.write_text(small_report(), encoding="utf-8")
