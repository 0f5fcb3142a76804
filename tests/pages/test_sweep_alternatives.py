"""What the page of a sweep says about less discriminatory alternatives."""

from __future__ import annotations

import base64

import pandas as pd

from fairrun.pages import AlternativesShown, render_sweep
from tests.figures.test_sweep import trials

TABLE = pd.DataFrame(
    {
        "trial": [7],
        "mitigator": ["<b>reweighing</b>"],
        "verdict": ["less discriminatory, at least as accurate (within 0.01)"],
    }
)


def page(alternatives: AlternativesShown | None) -> str:
    return render_sweep(
        *(trials(), ["x", "y"], ["mitigator", "C"], ("Male", "Female")),
        title="Sweep",
        paragraphs=[],
        alternatives=alternatives,
    )


def test_the_section_has_the_answer_the_table_and_the_figure() -> None:
    shown = page(AlternativesShown("Yes: trial 7 <3.", "Compared row by row.", TABLE, b"png"))
    section = shown[shown.index('id="alternatives"') : shown.index('id="all"')]
    assert "<p>Yes: trial 7 &lt;3.</p>" in section
    assert "&lt;b&gt;reweighing" in section
    assert '<td class="long">less discriminatory' in section
    assert f'src="data:image/png;base64,{base64.b64encode(b"png").decode()}"' in section
    assert section.count('<th scope="col">') == 3


def test_without_candidates_there_is_the_answer_alone() -> None:
    shown = page(AlternativesShown("No candidate: nothing.", "", pd.DataFrame(), b""))
    section = shown[shown.index('id="alternatives"') : shown.index('id="all"')]
    assert "No candidate: nothing." in section
    assert "<table" not in section
    assert "<img" not in section
    assert 'id="alternatives"' not in page(None)
