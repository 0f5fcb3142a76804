"""What a report says of what a model looks at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from fairrun.explanations import ALL, TOGETHER, Overview
from fairrun.figures import draw_explanations
from fairrun.figures.contributions import plot_contributions
from fairrun.figures.importance import plot_column_importance
from fairrun.figures.waterfall import plot_waterfalls
from fairrun.pages import render_report
from fairrun.pages.explanation_words import columns_table, explanation_sentences, stability_warning
from tests.figures.explained import empty_overview, hard_overview, overview
from tests.figures.samples import EVALUATION, texts
from tests.pages.test_report import ORIGIN, Page

PLOTS = {"column_importance", "contributions", "proxies", "threshold_rows", "partial_dependence"}


def section(page: Page) -> str:
    (found,) = [
        text for _, a, text in page.all("section") if a.get("aria-labelledby") == "explanations"
    ]
    return found


@pytest.mark.parametrize("of", [overview, hard_overview, empty_overview])
def test_the_page_has_it_all(of: Callable[[], Overview]) -> None:
    plots = draw_explanations(of())
    assert set(plots) == PLOTS
    page = Page(render_report(EVALUATION, ORIGIN, plots, overview=of()))
    assert not page.open
    assert len(page.all("img")) == len(PLOTS)
    assert all(len(plot.alt) > 40 and "nan" not in plot.alt for plot in plots.values())
    said = section(page)
    for sentence in explanation_sentences(of()):
        assert sentence in said
    assert "nan" not in said.replace("Female", "")


def test_a_model_without_explanations_has_a_line() -> None:
    reason = "the model was saved by a version without explanations"
    said = section(Page(render_report(EVALUATION, ORIGIN, {}, not_explained=reason)))
    assert f"The model is not explained: {reason}." in said
    assert len(said) < 150


def test_sentences_say_the_numbers() -> None:
    how, most, apart, proxies = explanation_sentences(overview())
    found = overview()
    assert how == "Contributions are exact. 900 of 900 rows were explained."
    everybody = found.importance[found.importance["group"] == ALL]
    first = everybody.iloc[0]
    assert f"depends most on {first['column']} ({first['importance']:.2f})" in most
    total = found.proxies["difference"].sum()
    assert f"{abs(total):.2f} log-odds" in apart
    assert ("+" if total > 0 else "−") + f"{abs(total):.2f}" in apart
    assert "±" not in apart  # all rows were explained
    assert f"All columns together have {found.metrics['proxy_roc_auc']:.2f}." in proxies


def test_parts_that_some_rows_tell_of_have_a_margin() -> None:
    found = overview()
    proxies = found.proxies.assign(difference=-2.0, difference_error=0.1)
    apart = explanation_sentences(replace(found, proxies=proxies))[2]
    first = proxies["column"].iloc[0]
    assert f"largest parts of this difference come from {first} −2.00 (± 0.20)" in apart


def test_nothing_and_too_few_are_said() -> None:
    assert explanation_sentences(empty_overview())[1] == (
        "No column changes the score: all rows have the same score."
    )
    few = overview()
    few = replace(
        few,
        metrics=few.metrics | {"proxy_roc_auc": float("nan")},
        proxies=few.proxies.assign(roc_auc=float("nan")),
    )
    assert explanation_sentences(few)[-1].startswith("There are too few rows of Male or Female")


def test_proxies_are_named_where_there_are_any() -> None:
    found = overview()
    strong = found.proxies.assign(roc_auc=0.5)
    strong.loc[strong["column"] == "job", "roc_auc"] = 0.9
    said = explanation_sentences(replace(found, proxies=strong))[-1]
    assert said.startswith("The column that best tells Male from Female is job (0.90, and ")
    weak = found.proxies.assign(roc_auc=0.52)
    assert (
        "No single column tells Male from Female"
        in (explanation_sentences(replace(found, proxies=weak))[-1])
    )


@pytest.mark.parametrize(("share", "warned"), [(0.3, True), (0.05, False), (float("nan"), False)])
def test_unstable_explanations_are_flagged(share: float, warned: bool) -> None:
    found = overview()
    metrics = found.metrics | {"explanation_top_column_changes": share}
    found = replace(found, metrics=metrics)
    said = stability_warning(found)
    page = Page(render_report(EVALUATION, ORIGIN, {}, overview=found))
    classes = [a.get("class") for _, a, _ in page.all("p")]
    assert bool(said) == ("warning" in classes) == warned
    assert not warned or "30.0% of the rows" in said


def test_the_table_has_the_columns_and_counts_the_others() -> None:
    found = columns_table(overview("correlation_remover"))
    names = [row[0].text for row in found.rows]
    assert names == overview("correlation_remover").proxies["column"].tolist()
    assert names[-1] == TOGETHER
    assert all(len(row) == len(found.columns) for row in found.rows)
    many = overview()
    rows = [many.proxies.head(1).assign(column=f"c{i}") for i in range(30)]
    many = replace(many, proxies=pd.concat([*rows, many.proxies.tail(1)], ignore_index=True))
    found = columns_table(many)
    assert len(found.rows) == 25
    assert found.note.startswith("6 columns with smaller contributions are not shown.")


def test_plots_say_what_they_leave_out_and_whose_rows_they_show() -> None:
    found = hard_overview()
    said = texts(plot_column_importance(found.importance, found.protected, found.groups))
    assert "5 less important columns are not drawn" in said
    assert "600 rows explained: all groups" in said
    assert "600 rows explained; bins with fewer than 10 are not drawn," in (
        texts(plot_contributions(found.contributions, found.n_explained))
    )
    rows = overview().threshold_rows
    said = texts(plot_waterfalls(rows))
    assert " ".join(said).count("Two invented applicants, just below") == 1
    assert "log-odds; dashed line: the threshold" in said
    one_side = replace(rows, scores={"below": rows.scores["below"]})
    assert "no row found on the other side" in " ".join(texts(plot_waterfalls(one_side)))
    said = texts(plot_waterfalls(replace(rows, has_threshold=False)))
    assert "log-odds; labels are randomised; dashed line: probability 50 %" in said
