"""The figure and the page section of the candidates for a less discriminatory alternative."""

from __future__ import annotations

import math

import pytest
from matplotlib.collections import PathCollection

from fairrun.figures import plot_alternatives
from fairrun.sweep.alternatives import Alternative, Baseline, Compared, Finding
from fairrun.sweep.criteria import criteria_of
from tests.figures.samples import drawn_texts, texts

CRITERIA = criteria_of((), None, ())
BASELINE = Baseline(3, "none", "the most accurate model without mitigation")


def candidate(number: int, x: float, y: float, width: float, *, reads: bool) -> Alternative:
    performance = Compared(0.85 + y, 0.85, y - width, y + width)
    distance = Compared(0.2 + x, 0.2, x - 2 * width, x + 2 * width)
    return Alternative(number, "reweighing", "C=1", reads, False, performance, (distance,))


FOUND = [
    candidate(11, -0.05, -0.002, 0.004, reads=True),
    candidate(12, -0.1, -0.006, 0.006, reads=False),
    candidate(13, -0.1001, -0.0061, 0.006, reads=False),
    candidate(14, 0.01, 0.001, 0.002, reads=True),
]
MISSING = Alternative(
    *(15, "none", "C=1", False, False),
    *(Compared(0.8, 0.85, -0.06, -0.04), (Compared(*[math.nan] * 4),)),
)


@pytest.mark.parametrize("found", [FOUND, FOUND[:1], [MISSING]], ids=["four", "one", "none drawn"])
def test_every_word_is_inside_the_figure(found: list[Alternative]) -> None:
    figure = plot_alternatives(found, CRITERIA, BASELINE)
    width, height = figure.canvas.get_width_height()
    for text, box in drawn_texts(figure).items():
        assert box.x0 > -1, text
        assert box.y0 > -1, text
        assert box.x1 < width + 1, text
        assert box.y1 < height + 1, text


def test_the_shape_says_who_reads_the_group_and_the_filling_what_is_shown() -> None:
    (ax,) = plot_alternatives(FOUND, CRITERIA, BASELINE).axes
    marks = [
        each
        for each in ax.collections
        if isinstance(each, PathCollection) and len(each.get_offsets()) == 1
    ][: len(FOUND)]
    corners = [len(mark.get_paths()[0].vertices) for mark in marks]
    assert corners[0] == corners[3] != corners[1] == corners[2]
    white = [tuple(mark.get_facecolor()[0][:3]) == (1, 1, 1) for mark in marks]
    assert white == [each.finding is not Finding.ALTERNATIVE for each in FOUND]
    assert white == [False, True, True, True]


def test_the_limits_hold_all_intervals_and_the_baseline() -> None:
    (ax,) = plot_alternatives(FOUND, CRITERIA, BASELINE).axes
    for low, high, ends in (
        (
            *ax.get_xlim(),
            [0.0, *(end for e in FOUND for end in (e.distances[0].low, e.distances[0].high))],
        ),
        (
            *ax.get_ylim(),
            [0.0, *(end for e in FOUND for end in (e.performance.low, e.performance.high))],
        ),
    ):
        assert low < min(ends)
        assert high > max(ends)


def test_numbers_do_not_overlap_and_alternatives_have_theirs() -> None:
    figure = plot_alternatives(FOUND, CRITERIA, BASELINE)
    numbers = {
        t.get_text(): box for t, box in drawn_texts(figure).items() if t in figure.axes[0].texts
    }
    assert "11" in numbers
    boxes = list(numbers.values())
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_one_without_an_interval_is_counted() -> None:
    assert any(
        "1 without an interval: not drawn" in text
        for text in texts(plot_alternatives([MISSING], CRITERIA, BASELINE))
    )
    assert "the baseline" in texts(plot_alternatives(FOUND, CRITERIA, BASELINE))
