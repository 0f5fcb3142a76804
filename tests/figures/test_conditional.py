"""The figures of conditional parity and of unknown groups."""

import numpy as np
import pandas as pd
import pytest

from fairrun.figures import plot_conditional, plot_unknown_groups, to_png
from fairrun.groups import ProtectedColumn
from fairrun.metrics import (
    hidden_groups,
    measure_conditional,
    measure_unknown_groups,
    show_conditional,
    show_unknown_groups,
    unknown_groups,
)
from fairrun.metrics.counts import Counts
from tests.figures.samples import texts

SEX = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))


def conditional(n_departments=3, long="", n=2000):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"department": [f"{long}{i:02}" for i in rng.integers(n_departments, size=n)]}
    )
    sex, selected = rng.integers(0, 2, n), rng.integers(0, 2, n)
    return measure_conditional(frame, ["department"], [SEX], [sex], None, selected)


def points(ax, marker):
    return [
        (float(x), float(y))
        for line in ax.lines
        if line.get_marker() == marker
        for x, y in zip(*line.get_data(), strict=True)
    ]


def names(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def test_every_stratum_is_at_its_values_beside_its_name():
    found = conditional()
    figure = plot_conditional(found, "sex")
    left, right = figure.axes
    assert names(left) == ["00", "01", "02", "within strata", "all together"]
    rows = found.strata[found.strata["metric"] == "statistical_parity"]
    expected = list(zip(rows["value"], range(3), strict=True))
    assert points(right, "o") == [pytest.approx(each) for each in expected]
    pooled = found.pooled[found.pooled["metric"] == "statistical_parity"].set_index("estimate")
    values = pooled.loc[["mantel_haenszel", "marginal"], "value"]
    assert points(right, "D") == [pytest.approx((v, 3 + i)) for i, v in enumerate(values)]
    assert [x for x, _ in points(left, "s")] == pytest.approx(rows["rate_b"].tolist())
    lines = [
        line
        for line in right.lines
        if line.get_linestyle() in ("-", "--") and line.get_marker() == "None"
    ]
    upright = [line.get_xdata()[0] for line in lines if len({*line.get_xdata()}) == 1]
    assert upright == pytest.approx(values.tolist())


def test_of_many_strata_the_heaviest_are_drawn_and_the_others_counted():
    figure = plot_conditional(conditional(40), "sex")
    assert len(names(figure.axes[0])) == 16
    assert figure.legends[0].get_title().get_text() == "26 strata with less weight are not drawn"


def test_long_names_have_two_lines_and_no_more():
    figure = plot_conditional(conditional(long="a department with a name of many words "), "sex")
    assert names(figure.axes[0])[0] == "a department with a\nname of many words"
    assert to_png(figure).startswith(b"\x89PNG")


def test_hidden_pooled_numbers_are_no_points():
    found = conditional(2)
    hidden = hidden_groups(found.counts.marginal("sex"), 1200)
    shown = show_conditional(found, hidden)
    figure = plot_conditional(shown, "sex")
    assert points(figure.axes[1], "D") == []
    assert sum("hidden" in text for text in texts(figure)) == 2


def unknown(table):
    return unknown_groups(Counts((SEX,), table))


TABLE = [[[50, 10], [20, 40]], [[60, 9], [10, 30]], [[20, 10], [12, 9]]]


def test_bars_go_from_bound_to_bound():
    found = unknown(TABLE)
    ax = plot_unknown_groups(found, "sex").axes[0]
    rows = found.table[~found.table["metric"].str.contains("impact")]
    drawn = [
        (bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.patches if bar.get_width() > 0
    ]
    expected = rows[["lower", "upper"]].to_numpy()
    assert np.allclose(drawn, expected)
    assert [x for x, _ in points(ax, "o")] == pytest.approx(rows["known"].tolist())
    assert points(ax, "D") == []
    assert " ".join(names(ax)[1].split()) == "equality of opportunity difference"


def test_membership_is_drawn_beside_the_known_value():
    rng = np.random.default_rng(1)
    positions = rng.integers(-1, 2, 300)
    frame = pd.DataFrame({"p": rng.random(300)})
    found = measure_unknown_groups(frame, ["p"], [SEX], [positions], None, rng.integers(0, 2, 300))
    figure = plot_unknown_groups(found, "sex")
    value = found.table["membership"].iloc[0]
    assert points(figure.axes[0], "D") == [pytest.approx((value, 0.12))]
    assert "by membership" in texts(figure)


def test_bounds_that_are_not_shown_say_so():
    few = [*TABLE[:2], [[1, 0], [0, 1]]]
    counts = Counts((SEX,), few)
    shown = show_unknown_groups(unknown(few), hidden_groups(counts))
    figure = plot_unknown_groups(shown, "sex")
    assert texts(figure).count("bounds not shown") == len(names(figure.axes[0]))
