"""The plot of subgroups: one marker each, filled where confirmed."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from fairrun.figures import plot_subgroups, to_png
from tests.figures.samples import texts
from tests.figures.subgroups import LIMITS, row, scan_of


def dots(figure: Figure) -> list[tuple[float, str]]:
    """The difference of each marker, and the colour inside it."""
    (ax,) = figure.axes
    lines = [line for line in ax.lines if line.get_marker() == "o"]
    return [(float(x), to_hex(line.get_color())) for line in lines for x in line.get_xdata()]


def test_each_subgroup_is_at_its_difference_below_its_name() -> None:
    figure = plot_subgroups(scan_of([row("sex = Female", -0.3), row("job = a", 0.2)]))
    (low, high) = dots(figure)
    assert (low[0], high[0]) == (-0.3, 0.2)
    assert low[1] != high[1]  # lower and higher differ in colour as well as in place
    (ax,) = figure.axes
    names = [text.get_text() for text in ax.texts]
    assert names == ["selection rate", "sex = Female", "job = a"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first one is on top
    ends = [line.get_xdata() for line in ax.lines if line.get_marker() == "|"]
    assert [list(each) for each in ends] == [
        pytest.approx([-0.4, -0.2]),
        pytest.approx([0.1, 0.3]),
    ]


def test_a_subgroup_that_is_not_confirmed_is_hollow() -> None:
    rows = [row("sex = Female", -0.3), row("job = a", 0.2, confirmed=False)]
    figure = plot_subgroups(scan_of(rows))
    assert [color == "#ffffff" for _, color in dots(figure)] == [False, True]
    assert {"confirmed on rows that were not searched", "found, but not confirmed"} <= {
        *texts(figure)
    }
    assert "found, but not confirmed" not in texts(plot_subgroups(scan_of(rows[:1])))


def test_hidden_subgroups_and_those_beyond_the_first_are_counted_only() -> None:
    hidden = dict.fromkeys(LIMITS, np.nan) | {"confirmed": False, "reason": "hidden: …"}
    rows = [row(f"job = {i}", 0.2) for i in range(9)] + [row("tiny = yes", 0.0) | hidden]
    figure = plot_subgroups(scan_of(rows))
    assert len(dots(figure)) == 8
    assert "2 subgroups are not drawn" in texts(figure)
    assert not any("tiny" in text for text in texts(figure))


def test_a_difference_without_an_interval_has_a_marker_alone() -> None:
    figure = plot_subgroups(scan_of([row("sex = Female", 0.1, ci_low=np.nan, ci_high=np.nan)]))
    assert len(dots(figure)) == 1
    assert not [line for line in figure.axes[0].lines if line.get_marker() == "|"]


def test_nothing_found_is_said() -> None:
    figure = plot_subgroups(scan_of([]))
    assert "no subgroup was found" in texts(figure)
    assert to_png(figure)


def test_long_names_break_between_conditions_and_stay_inside() -> None:
    name = " and ".join(f"a-column-with-a-long-name-{i} = {'value' * 6}" for i in range(3))
    figure = plot_subgroups(scan_of([row(name, 0.1), row("sex = Female", -0.1)]))
    lines = figure.axes[0].texts[1].get_text().split("\n")
    assert len(lines) >= 3
    assert max(map(len, lines)) <= 58
    figure.canvas.draw()
    width = figure.bbox.width
    for text in figure.axes[0].texts:
        assert text.get_window_extent().x1 < width
