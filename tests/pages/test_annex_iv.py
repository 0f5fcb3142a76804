"""The technical file of a model: its JSON document and its page.

`golden/annex_iv.json` and `golden/annex_iv.html` are what the technical file of a small evaluation
was when somebody last looked at it. If it shall change, write both anew, and read what changed:

    PYTHONPATH=. python tests/pages/test_annex_iv.py && git diff tests/pages/golden
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairrun.gate import check_constraint, decide, parse_gate
from fairrun.groups import ProtectedColumn
from fairrun.metrics import Evaluation, evaluate_predictions, hidden_groups, show
from fairrun.pages import (
    STATEMENTS,
    ModelFacts,
    Section,
    Statements,
    render_technical_file,
    technical_file,
)
from fairrun.pages.glossary import WORDS
from tests.figures.samples import HARD
from tests.pages.test_report import ORIGIN, Page, small_evaluation

GOLDEN = Path(__file__).parent / "golden"

#: The form of the document: each key with its type, or with the form of what it holds.
SOURCE = {"kind": str, "name": str, "run": str}
FACT = {"name": str, "value": object, "source": SOURCE}
STATEMENT = {"key": str, "text": str, "file": str}
ITEM = {
    "key": str,
    "title": str,
    "facts": [FACT],
    "asks": str,
    "statement": (STATEMENT, None),
    "missing": str,
    "blanks": [str],
}
PART = {"number": (int, None), "key": str, "title": str, "notes": [str], "items": [ITEM]}
DOCUMENT = {
    "format": int,
    "title": str,
    "claim": str,
    "not_verified": [str],
    "runs": {"evaluation": str, "training": str},
    "date": str,
    "tally": dict.fromkeys(("points", "points_with_facts", "facts", "statements", "gaps"), int),
    "points": [PART],
    "further": [PART],
}
CELL = {"value": (int, float, str, None), "low": object, "high": object, "reason": str}
TABLE = {"columns": [str], "rows": [[(str, bool, int, float, CELL, None)]], "note": str}
VALUE = (str, bool, int, float, [str], TABLE)

HEADINGS = (
    "General description",
    "Elements and process of development",
    "Monitoring, functioning and control",
    "Appropriateness of the performance metrics",
    "Risk management (Art. 9)",
    "Relevant changes through the life cycle",
    "Harmonised standards applied",
    "EU declaration of conformity",
    "Post-market plan (Art. 72)",
)


def small_facts() -> ModelFacts:
    evaluation = small_evaluation()
    gate = parse_gate("accuracy>=0.6; statistical_parity<=0.1 @ sex; disparate_impact>=0.9 @ race")
    result = decide(gate, evaluation.counts, evaluation.audit)
    counts = [
        ("train", "Male", "high", 310, ""),
        ("train", "Female", "high", np.nan, "fewer than 5"),
    ]
    before = {"metric": "statistical_parity", "before": 0.2, "before_ci_low": 0.1}
    before |= {"before_ci_high": 0.3, "after": -0.01, "after_ci_low": -0.1, "after_ci_high": 0.08}
    return ModelFacts(
        *(ORIGIN, show(evaluation, hidden_groups(evaluation.counts)), {}, gate, result),
        constraint=check_constraint(
            "statistical_parity<=0.05", "sex", evaluation.counts, evaluation.audit
        ),
        warnings=["the mitigated model is less accurate than none"],
        sections=[
            Section(
                *("Subgroups that nobody named", "subgroups", ("One of 3 is confirmed.",)),
                ((("Subgroups", pd.DataFrame({"subgroup": ["job = x"], "rows": ["80"]})),)),
            )
        ],
        training_run="0123456789abcdef",
        parameters={
            "mitigator.name": "reweighing",
            "estimator.C": "1.0",
            "data.target": "paid",
            "data.protected": "sex,race",
            "data.missing": "keep",
            "model.unseen": "ignore",
            "data": "/home/ann/people.csv",
        },
        tags={"estimator": "logistic_regression", "mitigator.reads_group": "false"},
        metrics={"n_rows_train": 1800.0, "n_rows_dropped": 7.0, "fit_seconds": 0.25},
        tables={
            "label_group_counts": pd.DataFrame(
                counts, columns=["split", "group", "label", "count", "instead"]
            ),
            "before_after": pd.DataFrame([before]),
        },
        columns=[{"name": "age", "type": "number", "role": "feature"}],
        model_bytes=2048.0,
        lock_digest="ab" * 32,
        source="people.csv",
        statements=Statements({"intended_use": "Ranks proposals for a clerk"}, "/home/ann/it.yaml"),
    )


FACTS = small_facts()
CONTENT = technical_file(FACTS)


def as_json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def parts(content: dict[str, Any]) -> list[dict[str, Any]]:
    return [*content["points"], *content["further"]]


def items(content: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["key"]: item for part in parts(content) for item in part["items"]}


def fact(content: dict[str, Any], item: str, name: str) -> Any:
    (value,) = [each["value"] for each in items(content)[item]["facts"] if each["name"] == name]
    return value


def has_form(value: Any, form: Any) -> bool:
    """Whether a JSON value has a form: a type, a dict or list of forms, or one of several forms."""
    if isinstance(form, tuple):
        return any(has_form(value, each) for each in form)
    if isinstance(form, dict):
        return (
            isinstance(value, dict)
            and list(value) == list(form)
            and all(has_form(value[key], form[key]) for key in form)
        )
    if isinstance(form, list):
        return isinstance(value, list) and all(has_form(each, form[0]) for each in value)
    return value is None if form is None else isinstance(value, form)


def test_it_is_what_somebody_looked_at() -> None:
    assert as_json(CONTENT) == (GOLDEN / "annex_iv.json").read_text("utf-8")
    assert render_technical_file(CONTENT) == (GOLDEN / "annex_iv.html").read_text("utf-8")


def test_the_document_has_the_form_of_its_version() -> None:
    assert CONTENT["format"] == 1
    for key, form in DOCUMENT.items():
        assert has_form(CONTENT[key], form), key
    assert list(CONTENT) == list(DOCUMENT)
    for item in items(CONTENT).values():
        for each in item["facts"]:
            assert has_form(each["value"], VALUE), each
            if isinstance(each["value"], dict):
                widths = {len(row) for row in each["value"]["rows"]}
                assert widths <= {len(each["value"]["columns"])}
    json.dumps(CONTENT, allow_nan=False)


@pytest.mark.parametrize("wrong", [{"key": 1}, {"facts": [{}]}, {"statement": {"key": "a"}}])
def test_a_wrong_form_is_seen(wrong: dict[str, Any]) -> None:
    item = CONTENT["points"][0]["items"][0]
    assert has_form(item, ITEM)
    assert not has_form(item | wrong, ITEM)


def test_the_nine_points_have_their_headings_and_their_order() -> None:
    assert [(p["number"], p["title"]) for p in CONTENT["points"]] == [*enumerate(HEADINGS, 1)]
    assert any("points 4 to 9 could not be checked" in each for each in CONTENT["not_verified"])
    keys = [part["key"] for part in parts(CONTENT)]
    keys += [item["key"] for part in parts(CONTENT) for item in part["items"]]
    of_items = keys[len(parts(CONTENT)) :]
    assert len({*of_items}) == len(of_items)
    assert len({*keys[: len(parts(CONTENT))]}) == len(parts(CONTENT))


def test_each_fact_names_its_source_and_each_run_is_named_at_the_top() -> None:
    runs = {*CONTENT["runs"].values()}
    for item in items(CONTENT).values():
        for each in item["facts"]:
            source = each["source"]
            assert source["name"] or source["kind"] == "run", each
            of_run = source["kind"] in ("artifact", "metric", "parameter", "run", "tag")
            assert source["run"] in (runs if of_run else {""}), each


def test_every_statement_has_one_place_and_fills_one_gap() -> None:
    asked = [item["asks"] for item in items(CONTENT).values() if item["asks"]]
    assert sorted(asked) == sorted(STATEMENTS)
    nobody = technical_file(replace(FACTS, statements=Statements()))
    everybody = Statements({key: f"Said of {key}" for key in STATEMENTS}, "card.yaml")
    told = technical_file(replace(FACTS, statements=everybody))
    gained = nobody["tally"]["gaps"] - told["tally"]["gaps"]
    assert gained == told["tally"]["statements"] == len(STATEMENTS)
    for key, item in items(told).items():
        if item["asks"]:
            assert item["statement"]["text"] == f"Said of {item['asks']}", key
            assert not item["missing"]


def test_nobody_signs_for_a_person() -> None:
    everybody = Statements(dict.fromkeys(STATEMENTS, "Ann Lee, 1 May 2026"), "card.yaml")
    content = technical_file(replace(FACTS, statements=everybody))
    for key in ("signature", "test_logs"):
        item = items(content)[key]
        assert item["blanks"] == ["name", "role", "date", "signature"]
        assert item["missing"] == "to be filled in by a person: name, role, date, signature"
    page = Page(render_technical_file(content))
    empty = [text for _, _, text in page.all("dd") if text == "to be filled in by a person"]
    assert len(empty) == 8


def test_the_first_lines_count_points_and_gaps_and_claim_nothing() -> None:
    gaps = sum(bool(item["missing"]) for item in items(CONTENT).values())
    page = Page(render_technical_file(CONTENT))
    banner = next(text for _, a, text in page.all("p") if "verdict" in str(a.get("class")))
    assert "6 of 9 points have facts from runs." in banner
    assert f"{gaps} gaps are to be filled in by a person." in banner
    assert "This file collects facts. It does not claim conformity." in banner
    marked = [text for _, a, text in page.all("p") if a.get("class") == "gap"]
    assert len(marked) == gaps - 2  # the fields of the two signatures are marked themselves


def test_without_the_run_of_training_its_facts_are_gaps() -> None:
    bare = ModelFacts(ORIGIN, FACTS.evaluation, {})
    content = technical_file(bare)
    assert content["runs"]["training"] == ""
    for key in ("data", "input"):
        assert items(content)[key]["missing"].startswith("to be filled in by a person: ")
    rows = fact(content, "protected_columns", "What each protected column was used for")["rows"]
    assert rows[0] == ["sex", "yes", "not known", "not known", "not known"]
    assert "not in this tracking store" in render_technical_file(content)


def test_the_use_of_each_protected_column_is_said() -> None:
    name = "What each protected column was used for"
    assert fact(CONTENT, "protected_columns", name)["rows"] == [
        ["sex", "yes", "yes", "yes", "no"],
        ["race", "yes", "no", "no", "no"],
    ]
    reads = [*FACTS.columns, {"name": "sex", "type": "text", "role": "protected"}]
    plain = replace(FACTS, columns=reads, origin=replace(ORIGIN, mitigator="none"))
    rows = fact(technical_file(plain), "protected_columns", name)["rows"]
    assert rows[0] == ["sex", "yes", "no", "yes", "yes"]
    provisions = " ".join(fact(CONTENT, "special_categories", "Provisions to check"))
    assert "Art. 10(5)" in provisions
    assert "Art. 4a" in provisions
    assert "sources differ on whether it is final" in provisions


def test_every_metric_of_a_table_is_defined_in_point_4() -> None:
    defined = {word for word, _ in fact(CONTENT, "definitions", "Definitions")["rows"]}
    tables = [
        each["value"]
        for item in items(CONTENT).values()
        for each in item["facts"]
        if isinstance(each["value"], dict)
    ]
    metrics = {row[0] for t in tables if t["columns"][0] == "metric" for row in t["rows"]}
    metrics |= {column for t in tables for column in t["columns"]} & {*WORDS}
    assert metrics - {"rows"} <= defined
    assert "statistical_parity" in defined


def odd_evaluations() -> dict[str, Evaluation]:
    sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    people, label = [[0] * 30 + [1] * 30 + [-1] * 2], [0, 1] * 31
    nobody = [i % 2 if i < 30 else 0 for i in range(62)]
    weight = [0.5 + i % 3 for i in range(62)]
    return {
        "hard": HARD,
        "weighted": evaluate_predictions([sex], people, label, label, None, weight=weight),
        "without labels": evaluate_predictions([sex], people, None, nobody, None),
        "nobody of a group is selected": evaluate_predictions([sex], people, label, nobody, None),
    }


@pytest.mark.parametrize("kind", ["hard", "weighted", "without labels", "nobody of a group"])
def test_odd_rows_have_a_file_too(kind: str) -> None:
    (found,) = [each for name, each in odd_evaluations().items() if name.startswith(kind)]
    for evaluation in (found, show(found, hidden_groups(found.counts))):
        content = technical_file(ModelFacts(ORIGIN, evaluation, {}))
        text = json.dumps(content, allow_nan=False)
        page = Page(render_technical_file(json.loads(text)))
        assert not page.open
        assert not re.search(r"\bnan\b", " ".join(text for _, _, text in page.all("td")))
        assert all(text for _, _, text in page.all("dd"))


def test_no_folder_of_a_machine_is_named() -> None:
    origin = replace(ORIGIN, model="/home/ann/models/model", command="… -P data=/home/ann/p.csv")
    content = technical_file(replace(FACTS, origin=origin))
    assert "/home/ann" not in as_json(content)
    assert fact(content, "model", "URI of the model") == "model"
    assert items(content)["intended_use"]["statement"]["file"] == "it.yaml"


def of_races(race: list[int], min_cell: int) -> Evaluation:
    """Rows of which one race has three, with another label and score for each row."""
    n = len(race)
    column = ProtectedColumn("race", ("White", "Black", "Rare"), ("White",), ("Black", "Rare"))
    label = np.arange(n) * 7 % 10 > 4
    score = (np.arange(n) * 37 % 101) / 101
    found = evaluate_predictions([column], [race], label.astype(int), score > 0.4, score)
    return show(found, hidden_groups(found.counts, min_cell))


def file_of_races(race: list[int], min_cell: int = 5) -> dict[str, Any]:
    each = of_races(race, min_cell)
    gate = parse_gate("statistical_parity<=0.2; accuracy>=0.5 @ race")
    promise = check_constraint("statistical_parity<=0.05", "race", each.counts, each.audit)
    result = decide(gate, each.counts, each.audit)
    return technical_file(
        ModelFacts(ORIGIN, each, {}, gate, result, constraint=promise.shown(each.hidden))
    )


def test_it_is_the_same_whoever_is_in_a_rare_group() -> None:
    white, others = [0] * 60, [1] * 20
    first, last = [*white, 2, 2, 2, *others], [*white, *others, 2, 2, 2]
    content = file_of_races(first)
    assert as_json(content) == as_json(file_of_races(last))
    assert as_json(file_of_races(first, 1)) != as_json(file_of_races(last, 1))
    rates = fact(content, "accuracy", "Rates by race")["rows"]
    (rare,) = [row for row in rates if row[0] == "Rare"]
    assert rare[1] == "fewer than 5"
    assert all(cell["value"] is None and cell["low"] is None for cell in rare[2:])
    names = fact(content, "outcomes", "Groups of which not all numbers are shown")["rows"]
    assert ["Rare", "race", "hidden: fewer than 5 rows"] in names


def test_a_warning_with_numbers_of_a_hidden_group_is_not_repeated() -> None:
    column = ProtectedColumn("race", ("White", "Rare"), ("White",), ("Rare",))
    race = [0] * 60 + [1] * 3
    label = [i % 2 for i in range(63)]
    found = evaluate_predictions([column], [race], label, label, None)
    evaluation = show(found, hidden_groups(found.counts))
    content = technical_file(ModelFacts(ORIGIN, evaluation, {}, warnings=["they differ by 0.123"]))
    assert "0.123" not in as_json(content)


def test_the_page_shows_the_document_and_nothing_else() -> None:
    again = json.loads(as_json(CONTENT))
    assert render_technical_file(again) == render_technical_file(CONTENT)


def test_the_page_is_well_formed_and_loads_nothing() -> None:
    html = render_technical_file(CONTENT)
    page = Page(html)
    assert not page.open
    assert not page.all("script", "link", "iframe", "object", "embed", "base", "form", "img")
    ids = [attributes["id"] for _, attributes, _ in page.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    links = {str(attributes["href"]) for _, attributes, _ in page.all("a")}
    assert links <= {f"#{each}" for each in ids}
    assert not re.search(r"https?:|//|url\(|@import", html.replace("runs:/", ""))
    levels = [int(name[1]) for name, _, _ in page.all("h1", "h2", "h3", "h4")]
    assert levels[:3] == [1, 2, 2]
    assert {*levels} == {1, 2, 3}


TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("<>&\"'/={}%#"), min_size=1
).map(lambda text: f"<b onclick='x'>{text}</b><script>")


@settings(max_examples=15)
@given(TEXT, TEXT, TEXT)
def test_text_of_people_and_of_data_stays_text(said: str, name: str, value: str) -> None:
    facts = replace(
        FACTS,
        origin=replace(ORIGIN, purpose=value, dataset=name, positive=value),
        columns=[{"name": name, "type": "text", "role": "feature"}],
        parameters={"data.target": name, "estimator.C": value},
        source=name,
        statements=Statements({"risks": said, "name": name}, value),
    )
    content = technical_file(facts)
    assert items(json.loads(as_json(content)))["risks"]["statement"]["text"] == said
    html = render_technical_file(content)
    page = Page(html)
    assert not page.open
    assert not page.all("script", "b")
    assert not [name for _, a, _ in page.elements for name in a if name.startswith("on")]
    texts = [text for _, _, text in page.all("p")]
    assert " ".join(said.split()) in texts


if __name__ == "__main__":
    (GOLDEN / "annex_iv.json").write_text(as_json(CONTENT), encoding="utf-8")
    (GOLDEN / "annex_iv.html").write_text(render_technical_file(CONTENT), encoding="utf-8")
