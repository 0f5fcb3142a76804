import numpy as np
import pytest
from matplotlib.collections import LineCollection

from fairrun.figures import plot_groups
from fairrun.metrics import evaluate_predictions
from tests.figures.samples import MANY_GROUPS, TWO_GROUPS, texts
from tests.metrics.samples import COLUMNS, draw_people


def names(figure):
    return [" ".join(text.get_text().split()) for text in figure.axes[0].texts]


def points(ax):
    """The drawn points, block by block."""
    return [
        (x, y)
        for line in ax.lines
        if line.get_marker() != "None"
        for x, y in zip(*line.get_data(), strict=True)
    ]


def test_one_panel_per_rate_with_every_group_at_its_value():
    figure = plot_groups(TWO_GROUPS)
    titles = [" ".join(ax.get_title().split()) for ax in figure.axes]
    assert titles == ["selection rate", "true positive rate", "false positive rate"]
    assert names(figure) == ["sex", "Male", "Female"]
    for ax, rate in zip(figure.axes, (0.2, 0.6, 0.1), strict=True):
        assert [x for x, _ in points(ax)] == pytest.approx([rate + 0.01, rate + 0.02])
        (bars,) = [child for child in ax.collections if isinstance(child, LineCollection)]
        ends = [segment[:, 0].tolist() for segment in bars.get_segments()]
        assert ends == [
            pytest.approx([rate + 0.01 * i - 0.05, rate + 0.01 * i + 0.1]) for i in (1, 2)
        ]


def test_points_lie_beside_their_names():
    figure = plot_groups(TWO_GROUPS)
    places = [text.get_position()[1] for text in figure.axes[0].texts]
    assert [y for _, y in points(figure.axes[1])] == places[1:]
    assert places == sorted(places)
    low, high = figure.axes[2].get_ylim()
    assert low > high


def test_of_many_groups_the_largest_are_drawn_and_the_others_counted():
    figure = plot_groups(MANY_GROUPS)
    shown = names(figure)
    largest = [f"Amer-Indian-Eskimo {i}" for i in (0, 1, 4, 5, 6, 7)]
    assert shown[3:10] == ["race", *largest]
    assert [name for name in shown if name.startswith("Female :")] == [
        f"Female : Asian-Pac-Islander {i}" for i in range(2, 8)
    ]
    assert shown[-2:] == ["job 2", "job 3"]
    assert "5 groups with fewer rows are not drawn" in texts(figure)
    assert not any("not drawn" in text for text in texts(plot_groups(TWO_GROUPS)))


def test_an_undefined_rate_says_so():
    table = TWO_GROUPS.copy()
    female = (table["group"] == "Female") & (table["metric"] == "true_positive_rate")
    table.loc[female, ["value", "ci_low", "ci_high"]] = np.nan
    figure = plot_groups(table)
    assert texts(figure).count("undefined") == 1
    assert [text.get_text().strip() for text in figure.axes[1].texts] == ["undefined"]


def test_a_line_at_the_rate_of_all_rows():
    for ax, rate in zip(plot_groups(TWO_GROUPS).axes, (0.2, 0.6, 0.1), strict=True):
        vertical = [line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == ":"]
        assert vertical == [pytest.approx(rate)]


def test_takes_the_table_that_an_evaluation_makes():
    people = draw_people(0)
    rates = evaluate_predictions(COLUMNS, people.codes, *people[2:]).audit.rates
    figure = plot_groups(rates)
    assert {"sex", "race", "sex:race", "not White", "Female : Black"} <= set(names(figure))
