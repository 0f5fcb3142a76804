import numpy as np
import pytest
from matplotlib.collections import LineCollection

from fairrun.figures import plot_calibration, plot_roc
from fairrun.figures.scores import FEWEST_IN_A_BIN
from fairrun.metrics import false_positive_rate, true_positive_rate, values_of
from tests.figures.samples import EVALUATION, HARD, PEOPLE, texts


def lines(ax, marker):
    """The drawn lines (or points) within the axes, not those beside the names of groups."""
    return [
        line.get_xydata()
        for line in ax.lines
        if (line.get_marker() != "None") == marker and line.get_transform() == ax.transData
    ]


def test_each_column_has_a_panel_that_names_its_groups():
    for plot in (
        plot_roc(EVALUATION.scores, EVALUATION.counts, EVALUATION.audit.rates),
        plot_calibration(EVALUATION.scores, EVALUATION.audit.rates),
    ):
        assert [ax.get_title(loc="left") for ax in plot.axes] == ["sex", "race"]
        names = [[text.get_text().split("\n")[0] for text in ax.texts] for ax in plot.axes]
        assert names == [["Male", "Female"], ["White", "Black", "Other"]]


def test_the_curve_is_that_of_the_rows():
    figure = plot_roc(EVALUATION.scores, EVALUATION.counts, EVALUATION.audit.rates)
    curves = [line for line in lines(figure.axes[0], marker=False) if len(line) > 2]
    for code, curve in enumerate(curves):
        people = PEOPLE.take(PEOPLE.sex == code)
        assert curve[0].tolist() == [0, 0]
        assert curve[-1].tolist() == [1, 1]
        # Thresholds on the edges of bins of 0.001 are those the histogram knows.
        for threshold in (0.25, 0.5, 0.75):
            selected = people.probability >= threshold
            point = [selected[people.y_true == label].mean() for label in (0, 1)]
            assert np.abs(curve - point).sum(axis=1).min() == pytest.approx(0, abs=1e-12)


def test_the_point_is_that_of_the_decisions():
    figure = plot_roc(EVALUATION.scores, EVALUATION.counts, EVALUATION.audit.rates)
    for ax, column in zip(figure.axes, EVALUATION.counts.columns, strict=True):
        grouping = values_of(EVALUATION.counts.columns, column.name)
        tables = EVALUATION.counts.grouped(grouping)
        expected = np.stack([false_positive_rate(tables), true_positive_rate(tables)], axis=1)
        assert np.concatenate(lines(ax, marker=True)) == pytest.approx(expected)


def test_the_area_and_its_interval_stand_beside_the_name():
    figure = plot_roc(EVALUATION.scores, EVALUATION.counts, EVALUATION.audit.rates)
    rates = EVALUATION.audit.rates
    row = rates[(rates["metric"] == "roc_auc") & (rates["group"] == "Black")].iloc[0]
    said = f"Black AUC {row['value']:.2f} ({row['ci_low']:.2f} to {row['ci_high']:.2f})"
    assert said in texts(figure)


def test_calibration_is_that_of_the_rows():
    figure = plot_calibration(EVALUATION.scores, EVALUATION.audit.rates)
    points = lines(figure.axes[0], marker=True)
    for code, drawn in enumerate(points):
        people = PEOPLE.take(PEOPLE.sex == code)
        bins = np.minimum((people.probability * 10).astype(int), 9)
        expected = [
            (people.probability[bins == i].mean(), people.y_true[bins == i].mean())
            for i in range(10)
            if (bins == i).sum() >= FEWEST_IN_A_BIN
        ]
        assert drawn == pytest.approx(np.array(expected), abs=1e-3)
    bars = [c for c in figure.axes[0].collections if isinstance(c, LineCollection)]
    for drawn, bar in zip(points, bars, strict=True):
        for (_, y), segment in zip(drawn, bar.get_segments(), strict=True):
            assert segment[0, 1] - 1e-12 <= y <= segment[1, 1] + 1e-12


def test_of_many_groups_the_largest_are_drawn_and_one_without_rows_is_not():
    figure = plot_roc(HARD.scores, HARD.counts, HARD.audit.rates)
    (ax,) = figure.axes
    assert " ".join(ax.get_title(loc="left").split()).endswith(": the 5 largest groups")
    names = [" ".join(text.get_text().split()).split(" AUC")[0] for text in ax.texts]
    largest = np.argsort(-HARD.counts.table.sum(axis=(1, 2)), kind="stable")[:5]
    assert names == [f"Native Hawaiian or other {i}" for i in sorted(largest)]


def test_groups_differ_in_line_and_marker_not_just_in_colour():
    figure = plot_roc(HARD.scores, HARD.counts, HARD.audit.rates)
    drawn = figure.axes[0].lines
    assert len({line.get_marker() for line in drawn} - {"None"}) == 5
    assert len({str(line._unscaled_dash_pattern) for line in drawn}) >= 5
