from itertools import combinations

import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.patches import Rectangle
from matplotlib.text import Annotation

from fairrun.errors import RequestError
from fairrun.figures import plot_fairness_accuracy, plot_metric_bars
from fairrun.metrics import BIAS_METRICS
from tests.figures.samples import (
    ADULT,
    CLOSE,
    METRICS,
    UNDEFINED,
    comparison,
    drawn_texts,
    nine,
    with_intervals,
)
from tests.figures.samples import texts as words

RATIO, DIFFERENCE = "disparate_impact", "statistical_parity"


def points(ax):
    """The drawn points as (x, y) -> collection, in the order of the table."""
    scatters = [child for child in ax.collections if isinstance(child, PathCollection)]
    return {tuple(scatter.get_offsets()[0]): scatter for scatter in scatters}


def vertical_lines(ax):
    return [line.get_xdata()[0] for line in ax.lines if len(set(line.get_xdata())) == 1]


def horizontal_lines(ax):
    return [line.get_ydata()[0] for line in ax.lines if len(set(line.get_ydata())) == 1]


def across(ax):
    """The horizontal intervals."""
    return [line for line in ax.lines if line.get_marker() == "|"]


def bands(ax):
    return [
        (patch.get_x(), patch.get_x() + patch.get_width())
        for patch in ax.patches
        if isinstance(patch, Rectangle)
    ]


def names(ax):
    annotations = [text for text in ax.texts if isinstance(text, Annotation)]
    return [text.get_text().replace("\n", "") for text in annotations if text.get_text()]


def label(ax):
    return " ".join(ax.get_xlabel().split())


class TestFairnessAccuracy:
    def test_one_named_point_per_mitigator(self):
        (ax,) = plot_fairness_accuracy(ADULT, RATIO, "Male", "Female").axes
        assert list(points(ax)) == list(zip(ADULT[RATIO], ADULT["accuracy"], strict=True))
        assert names(ax) == list(ADULT["mitigator"])
        assert ax.get_ylabel() == "accuracy (share of correct labels)"

    @pytest.mark.parametrize("metric", [RATIO, DIFFERENCE])
    def test_each_name_is_nearest_to_its_own_point(self, metric):
        figure = plot_fairness_accuracy(ADULT, metric, "Male", "Female")
        (ax,) = figure.axes
        boxes = {text.get_text(): box for text, box in drawn_texts(figure).items()}
        pixels = ax.transData.transform(ADULT[[metric, "accuracy"]])
        for name, pixel in zip(ADULT["mitigator"], pixels, strict=True):
            box = boxes[name]
            ends = np.clip(pixels, box.min, box.max)
            nearest = np.argmin(np.hypot(*(ends - pixels).T))
            assert pixels[nearest] == pytest.approx(pixel)

    def test_points_of_nearly_the_same_value_have_labels_apart(self):
        figure = plot_fairness_accuracy(CLOSE, RATIO, "Male", "Female")
        boxes = {text.get_text(): box for text, box in drawn_texts(figure).items()}
        assert not boxes["reweighing"].overlaps(boxes["correlation_remover"])

    def test_ratio_has_a_log_axis_a_line_at_one_and_the_four_fifths_band(self):
        (ax,) = plot_fairness_accuracy(ADULT, RATIO, "Male", "Female").axes
        assert ax.get_xscale() == "log"
        assert vertical_lines(ax) == [1]
        assert bands(ax) == [pytest.approx((0.8, 1.25))]
        low, high = ax.get_xlim()
        assert low < 0.8
        assert high > 3.15

    def test_difference_has_a_linear_axis_a_line_at_zero_and_no_band(self):
        (ax,) = plot_fairness_accuracy(ADULT, DIFFERENCE, "Male", "Female").axes
        assert ax.get_xscale() == "linear"
        assert vertical_lines(ax) == [0]
        assert bands(ax) == []

    @pytest.mark.parametrize(
        ("metric", "expected"),
        [
            (RATIO, "disparate impact: selection rate Male / Female"),
            (DIFFERENCE, "statistical parity: selection rate Male − Female"),
        ],
    )
    def test_the_label_says_what_is_divided_by_or_taken_from_what(self, metric, expected):
        (ax,) = plot_fairness_accuracy(ADULT, metric, "Male", "Female").axes
        assert label(ax) == expected

    def test_the_unmitigated_model_stands_out(self):
        (ax,) = plot_fairness_accuracy(nine(), RATIO, "Male", "Female").axes
        none, *others = points(ax).values()
        assert none.get_sizes()[0] > max(other.get_sizes()[0] for other in others)
        assert none.get_facecolor()[0] == pytest.approx((0, 0, 0, 1))
        assert not any((other.get_facecolor() == none.get_facecolor()).all() for other in others)
        assert horizontal_lines(ax) == [nine()["accuracy"][0]]

    def test_no_line_of_reference_without_the_unmitigated_model(self):
        (ax,) = plot_fairness_accuracy(ADULT[1:], RATIO, "Male", "Female").axes
        assert horizontal_lines(ax) == []

    def test_markers_differ_in_shape_not_just_in_colour(self):
        (ax,) = plot_fairness_accuracy(nine(), RATIO, "Male", "Female").axes
        shapes = {scatter.get_paths()[0].vertices.tobytes() for scatter in points(ax).values()}
        assert len(shapes) == 9

    def test_a_mitigator_looks_the_same_when_another_has_no_place(self):
        table = ADULT.copy()
        table.loc[1, RATIO] = np.nan
        (before,) = plot_fairness_accuracy(ADULT, RATIO, "Male", "Female").axes
        (after,) = plot_fairness_accuracy(table, RATIO, "Male", "Female").axes
        for place, scatter in points(after).items():
            assert (scatter.get_facecolor() == points(before)[place].get_facecolor()).all()

    def test_what_has_no_place_is_left_out_and_named_with_the_reason(self):
        figure = plot_fairness_accuracy(UNDEFINED, RATIO, "Male", "Female")
        assert names(figure.axes[0]) == ["none", "equalized_odds"]
        assert len(points(figure.axes[0])) == 2
        assert (
            "Not drawn: reweighing (undefined), correlation_remover (inf), "
            "disparate_impact_remover (0.000), lp_debiaser (accuracy undefined)"
        ) in words(figure)

    def test_a_difference_of_zero_or_less_has_its_place(self):
        figure = plot_fairness_accuracy(UNDEFINED, DIFFERENCE, "Male", "Female")
        assert len(points(figure.axes[0])) == 4
        note = "Not drawn: reweighing (undefined), lp_debiaser (accuracy undefined)"
        assert note in words(figure)

    def test_no_note_when_all_is_drawn(self):
        figure = plot_fairness_accuracy(ADULT, RATIO, "Male", "Female")
        assert not any("Not drawn" in text for text in words(figure))

    @pytest.mark.parametrize("factor", [0.02, 0.3, 1, 3, 2000])
    def test_ticks_of_the_ratio_are_plain_numbers_and_one_is_among_them(self, factor):
        table = comparison(("none", 0.8, 0.8, 0.8, factor, 0.1, 0.1, 0.1))
        figure = plot_fairness_accuracy(table, RATIO, "Male", "Female")
        (ax,) = figure.axes
        drawn = drawn_texts(figure)
        ticks = [text.get_text() for text in ax.get_xticklabels()]
        boxes = [drawn[text] for text in ax.get_xticklabels()]
        assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
        assert [float(tick) for tick in ticks] == pytest.approx(ax.get_xticks())
        assert "1" in ticks
        assert len(ticks) >= 3

    def test_small_differences_of_accuracy_are_not_blown_up(self):
        table = ADULT.assign(accuracy=[0.84, 0.8401, 0.8402, 0.8403])
        (ax,) = plot_fairness_accuracy(table, RATIO, "Male", "Female").axes
        low, high = ax.get_ylim()
        assert high - low == pytest.approx(0.02)
        assert low < 0.84 < 0.8403 < high

    def test_title(self):
        assert "Accuracy and disparate impact by mitigator" in words(
            plot_fairness_accuracy(ADULT, RATIO, "Male", "Female")
        )
        assert "Adult, test" in words(
            plot_fairness_accuracy(ADULT, RATIO, "Male", "Female", title="Adult, test")
        )

    def test_another_metric_is_refused(self):
        with pytest.raises(RequestError, match="give disparate_impact or statistical_parity"):
            plot_fairness_accuracy(ADULT, "roc_auc", "Male", "Female")


class TestMetricBars:
    def test_one_panel_per_metric_with_one_bar_per_mitigator(self):
        figure = plot_metric_bars(ADULT, METRICS, "Male", "Female")
        titles = [" ".join(ax.get_title().split()) for ax in figure.axes]
        assert titles == [metric.replace("_", " ") for metric in METRICS]
        first = [text.get_text() for text in figure.axes[0].get_yticklabels()]
        assert first == list(ADULT["mitigator"])
        assert all(len(ax.patches) == len(ADULT) for ax in figure.axes)

    def test_the_first_mitigator_is_on_top(self):
        figure = plot_metric_bars(ADULT, METRICS, "Male", "Female")
        for ax in figure.axes:
            tops = [ax.transData.transform((1, bar.get_y()))[1] for bar in ax.patches]
            assert tops == sorted(tops, reverse=True)

    @pytest.mark.parametrize("metric", METRICS)
    def test_bars_go_from_the_reference_to_the_value(self, metric):
        (ax,) = plot_metric_bars(ADULT, [metric], "Male", "Female").axes
        base = BIAS_METRICS[metric].reference if metric in BIAS_METRICS else 0
        assert [bar.get_x() for bar in ax.patches] == [base] * 4
        ends = [bar.get_x() + bar.get_width() for bar in ax.patches]
        assert ends == pytest.approx(list(ADULT[metric]))
        low, high = ax.get_xlim()
        assert low <= min(*ends, base)
        assert high > max(ends)

    @pytest.mark.parametrize("metric", METRICS)
    def test_a_line_at_equality_for_what_compares_groups_only(self, metric):
        (ax,) = plot_metric_bars(ADULT, [metric], "Male", "Female").axes
        one_group = metric in ("accuracy", "balanced_accuracy", "roc_auc")
        assert vertical_lines(ax) == ([] if one_group else [1] if metric == RATIO else [0])
        assert ax.get_xscale() == ("log" if metric == RATIO else "linear")

    @pytest.mark.parametrize("metric", BIAS_METRICS)
    def test_every_bias_metric_says_its_direction_if_it_has_one(self, metric):
        table = ADULT.assign(**{metric: 0.5})
        (ax,) = plot_metric_bars(table, [metric], "Male", "Female").axes
        groups = {"ratio": "Male / Female", "difference": "Male − Female", "other": ""}
        assert label(ax).endswith(groups[BIAS_METRICS[metric].kind])
        assert bool(label(ax)) == (BIAS_METRICS[metric].kind != "other")
        assert vertical_lines(ax) == [BIAS_METRICS[metric].reference]

    def test_every_bar_has_its_value_beside_it(self):
        (ax,) = plot_metric_bars(ADULT, ["average_odds_difference"], "Male", "Female").axes
        assert names(ax) == ["0.085", "−0.070", "−0.050", "0.010"]
        assert [text.xy for text in ax.texts] == [(0.085, 0), (0, 1), (0, 2), (0.01, 3)]

    @pytest.mark.parametrize("table", [ADULT, nine(), UNDEFINED])
    def test_values_stay_in_their_panel(self, table):
        figure = plot_metric_bars(table, METRICS, "Male", "Female")
        drawn = drawn_texts(figure)
        for ax in figure.axes:
            assert max(drawn[text].x1 for text in ax.texts) < ax.get_window_extent().x1

    def test_what_has_no_bar_says_so(self):
        (ax,) = plot_metric_bars(UNDEFINED, [RATIO], "Male", "Female").axes
        assert names(ax) == ["3.150", "undefined", "inf", "0.000", "1.100", "0.950"]
        assert [bar.get_width() for bar in ax.patches][1:4] == [0, 0, 0]

    def test_the_unmitigated_model_stands_out(self):
        (ax,) = plot_metric_bars(ADULT, [RATIO], "Male", "Female").axes
        none, *others = (bar.get_facecolor() for bar in ax.patches)
        assert none not in others
        assert len(set(others)) == 1


class TestIntervals:
    def test_a_cross_at_each_point(self):
        table = with_intervals(ADULT)
        (ax,) = plot_fairness_accuracy(table, RATIO, "Male", "Female").axes
        drawn = {tuple(np.ravel(line.get_data())) for line in ax.lines}
        for row in table.to_dict("records"):
            across = (row[f"{RATIO}_ci_low"], row[f"{RATIO}_ci_high"], *2 * (row["accuracy"],))
            up = (*2 * (row[RATIO],), row["accuracy_ci_low"], row["accuracy_ci_high"])
            assert across in drawn
            assert up in drawn
        assert {line.get_marker() for line in ax.lines if len(line.get_xdata()) == 2} >= {"|", "_"}
        low, high = ax.get_xlim()
        assert low < table[f"{RATIO}_ci_low"].min() < table[f"{RATIO}_ci_high"].max() < high
        low, high = ax.get_ylim()
        assert low < table["accuracy_ci_low"].min() < table["accuracy_ci_high"].max() < high

    def test_a_note_says_what_the_bars_are(self):
        note = "The bars are 95 % intervals."
        assert note in words(plot_fairness_accuracy(with_intervals(ADULT), RATIO, "m", "f"))
        assert note not in words(plot_fairness_accuracy(ADULT, RATIO, "m", "f"))

    def test_a_line_on_each_bar_and_the_value_beyond_it(self):
        table = with_intervals(ADULT)
        for metric in METRICS:
            (ax,) = plot_metric_bars(table, [metric], "Male", "Female").axes
            ends = [line.get_xdata() for line in across(ax)]
            limits = table[[f"{metric}_ci_low", f"{metric}_ci_high"]].to_numpy().tolist()
            assert ends == [pytest.approx(pair) for pair in limits]
            for text, (_, high) in zip(ax.texts, limits, strict=True):
                assert text.xy[0] >= high

    def test_limits_without_a_place_are_left_out(self):
        table = with_intervals(ADULT).assign(disparate_impact_ci_low=0.0)
        (ax,) = plot_metric_bars(table, [RATIO], "Male", "Female").axes
        assert across(ax) == []
        assert len(plot_fairness_accuracy(table, RATIO, "Male", "Female").axes) == 1

    @pytest.mark.parametrize("table", [with_intervals(ADULT), with_intervals(UNDEFINED)])
    def test_values_stay_in_their_panel(self, table):
        figure = plot_metric_bars(table, METRICS, "Male", "Female")
        drawn = drawn_texts(figure)
        for ax in figure.axes:
            assert max(drawn[text].x1 for text in ax.texts) < ax.get_window_extent().x1
