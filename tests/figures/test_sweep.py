from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fairrun.figures import Axis, plot_importance, plot_parameters, plot_sweep, trial_styles
from fairrun.pages import render_sweep
from tests.figures.samples import drawn_texts, texts

AXES = (Axis("y", "accuracy", False), Axis("x", "|statistical parity|", True))
GROUPS = ("Male", "Female")
MITIGATORS = ["none", "reweighing", "disparate_impact_remover", "reweighing+group_thresholds"]


def trials(n: int = 40, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "number": range(n),
            "state": "complete",
            "mitigator": [MITIGATORS[i % len(MITIGATORS)] for i in range(n)],
            "C": 10 ** rng.uniform(-3, 3, n),
            "class_weight": rng.choice(["none", "balanced"], n),
            "estimator": "logistic_regression",
            "group_thresholds.tolerance": [
                rng.uniform(0, 0.2) if i % 4 == 3 else None for i in range(n)
            ],
            "y": 0.8 + 0.05 * rng.random(n),
            "x": 0.2 * rng.random(n),
            "verdict": "",
            "reason": "",
            "seconds": 0.5,
            "run_id": [f"{i:032x}" for i in range(n)],
        }
    )
    for name in ("x", "y"):
        table[f"{name}_low"], table[f"{name}_high"] = table[name] - 0.01, table[name] + 0.01
    best = table.sort_values("x")["y"].cummax()
    table["frontier"] = table["y"] >= best.reindex(table.index)
    table["chosen"] = table.index == table[table["frontier"]].index[0]
    return table


FIGURES = {
    "sweep": lambda: plot_sweep(trials(), AXES, GROUPS, limit=0.05),
    "one trial": lambda: plot_sweep(trials(1), AXES, GROUPS),
    "peers": lambda: plot_sweep(
        trials(), AXES, GROUPS, peers={"fairlearn": pd.DataFrame({"x": [0.1], "y": [0.82]})}
    ),
    "parameters": lambda: plot_parameters(
        trials(),
        ["mitigator", "C", "class_weight", "estimator", "group_thresholds.tolerance"],
        AXES,
        ["C"],
    ),
    "importance": lambda: plot_importance(importance()),
}


def importance() -> pd.DataFrame:
    rows = [
        (name, objective, share, 40)
        for name, share in (("mitigator", 0.9), ("disparate_impact_remover.repair_level", 0.1))
        for objective in ("accuracy", "statistical_parity")
    ]
    return pd.DataFrame(rows, columns=["parameter", "objective", "share", "n_trials"])


@pytest.mark.parametrize("name", FIGURES)
def test_every_word_is_inside_the_figure(name: str) -> None:
    figure = FIGURES[name]()
    width, height = figure.canvas.get_width_height()
    for text, box in drawn_texts(figure).items():
        assert box.x0 > -1, text
        assert box.y0 > -1, text
        assert box.x1 < width + 1, text
        assert box.y1 < height + 1, text


def test_the_sweep_names_what_it_draws() -> None:
    said = texts(FIGURES["sweep"]())
    assert {*MITIGATORS, "chosen", "constraint", "best unmitigated"} <= set(said)
    assert "fairlearn" in texts(FIGURES["peers"]())


def test_trials_far_below_are_left_out_and_counted() -> None:
    table = trials()
    bad = table["mitigator"].eq("reweighing") & ~table["frontier"] & ~table["chosen"]
    table.loc[bad, "y"] = 0.2
    figure = plot_sweep(table, AXES, GROUPS)
    assert any(f"{bad.sum()} points with accuracy below" in text for text in texts(figure))
    assert figure.axes[0].get_ylim()[0] > 0.7


@pytest.mark.parametrize("n", [40, 3])
def test_a_long_frontier_has_some_intervals_and_that_of_the_chosen_trial(n: int) -> None:
    """The intervals of all of its trials would look like a grid."""
    table = trials(n).assign(frontier=True, chosen=False)
    for chosen in (0, n // 2, n - 1):
        figure = plot_sweep(table.assign(chosen=table.index == chosen), AXES, GROUPS)
        (ax,) = figure.axes
        across = [line for line in ax.lines if line.get_marker() == "|"]
        up = [line for line in ax.lines if line.get_marker() == "_"]
        assert len(across) == len(up) == min(n, 6)
        row = table.loc[chosen]
        assert [row["x_low"], row["x_high"]] in [list(line.get_xdata()) for line in across]
        noted = any("intervals of 6 of the 40 trials" in text for text in texts(figure))
        assert noted == (n > 6)


def test_a_mitigator_looks_the_same_in_every_figure() -> None:
    assert trial_styles(["reweighing", "none", "reweighing"]) == trial_styles(
        ["reweighing", "none"]
    )
    styles = trial_styles(MITIGATORS)
    assert styles["none"][1] == "#000000"
    assert len(set(styles.values())) == len(MITIGATORS)


def test_parameters_with_one_value_are_left_out() -> None:
    said = texts(FIGURES["parameters"]())
    assert "C" in said
    assert "tolerance (group_thresholds)" in said
    assert not {"estimator", "mitigator"} & set(said)


def test_a_parameter_in_ratios_is_laid_out_in_ratios() -> None:
    table = trials(8).assign(C=[0.01, 0.1, 1.0, 10.0] * 2)
    for logarithmic, places in (((), [0, 0.09 / 9.99]), (("C",), [0, 1 / 3])):
        figure = plot_parameters(table, ["C"], AXES, logarithmic)
        drawn = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 3]
        found = sorted({round(float(line.get_xdata()[0]), 6) for line in drawn})  # type: ignore
        assert found[:2] == pytest.approx(places, abs=1e-5)


def test_a_parameter_that_no_trial_had_is_left_out() -> None:
    """A sweep of few trials may never draw the mitigator that a parameter belongs to."""
    table = trials(8).assign(C=[0.01, 0.1, 1.0, 10.0] * 2)
    figure = plot_parameters(table, ["C", "correlation_remover.alpha"], AXES, ())
    assert len(figure.axes) == len(plot_parameters(table, ["C"], AXES, ()).axes)


class Page(HTMLParser):
    """Collects what a page would load, and its data."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = dict(attrs)
        self.loads += [given[name] for name in ("src", "href") if given.get(name)]


def page_columns() -> dict[str, Any]:
    """The metrics of trials under the names that the page takes."""
    ends = (("", ""), ("_ci_low", "_low"), ("_ci_high", "_high"))
    sources = {"accuracy": "y", "statistical_parity": "x"}.items()
    return {name + end: trials()[source + of] for name, source in sources for end, of in ends}


def page(table: pd.DataFrame) -> str:
    table = table.assign(**page_columns())
    return render_sweep(
        table,
        ["accuracy", "statistical_parity"],
        ["mitigator", "C", "estimator"],
        GROUPS,
        title="Sweep",
        paragraphs=["Chosen: trial 1.", "On the test rows, gate: pass."],
    )


def test_the_page_loads_nothing_and_holds_every_trial() -> None:
    table = trials()
    table.loc[3, "reason"] = "</script><img src=x onerror=alert(1)>"
    html = page(table)
    assert Page(html).loads == []
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", html)
    assert html.count("<script") == html.count("</script>") == 2
    found = re.search(r'<script id="data" type="application/json">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    data = json.loads(found[1])
    assert "<p>On the test rows, gate: pass.</p>" in html
    assert len(data["trials"]) == 40
    assert data["trials"][3]["reason"] == "</script><img src=x onerror=alert(1)>"
    assert data["metrics"] == ["accuracy", "statistical_parity"]
    assert data["compared"] == {"statistical_parity": "selection rate Male − Female"}
    assert data["columns"][:4] == ["number", "mitigator", "accuracy", "statistical_parity"]
    assert data["trials"][0]["group_thresholds.tolerance"] is None
    assert "estimator" not in data["columns"]  # has one value


def test_the_page_begins_with_what_was_searched() -> None:
    table = trials()
    table.loc[3, "state"] = "failed"
    said = page(table).partition("<main>")[0]
    assert "trained 39 models with 4 mitigators (none, disparate_impact_remover, " in said
    n = table["frontier"].sum()
    assert f"{n} are on the frontier, because no other model is better in accuracy and" in said
    assert "1 more trial ended without a model" in said


def test_the_page_has_landmarks_captions_and_verdicts_in_words() -> None:
    html = page(trials().assign(verdict="insufficient_evidence"))
    for part in ("<main>", "<header>", "<caption>", "<figcaption>", 'scope: "row"', 'scope: "col"'):
        assert part in html
    assert "insufficient evidence" in html
    assert "insufficient_evidence" not in html
    assert "What to type next" not in html
    shown = render_sweep(
        *(trials().assign(**page_columns()), ["accuracy", "statistical_parity"], ["mitigator"]),
        GROUPS,
        title="<b>",
        paragraphs=[],
        commands=["mlflow ui --backend-store-uri 'a'"],
    )
    assert "mlflow ui --backend-store-uri &#39;a&#39;" in shown
    assert "<h1>&lt;b&gt;</h1>" in shown
