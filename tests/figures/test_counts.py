import numpy as np
import pytest
from matplotlib.colors import to_rgb

from fairrun.figures import plot_confusion_matrices, plot_label_group_counts
from fairrun.groups import ProtectedColumn
from fairrun.metrics import Counts, confusion_table
from tests.figures.samples import (
    FIVE_COUNTS,
    FIVE_MATRICES,
    LONG_GROUPS,
    TWO_COUNTS,
    TWO_MATRICES,
    drawn_texts,
    texts,
)


class TestLabelGroupCounts:
    def test_one_panel_per_split_in_order(self):
        shuffled = TWO_COUNTS.sample(frac=1, random_state=0)
        figure = plot_label_group_counts(shuffled)
        titles = [ax.get_title(loc="left") for ax in figure.axes]
        assert titles == ["train: 90,000 rows", "validation: 30,000 rows", "test: 30,000 rows"]

    def test_only_the_splits_there_are(self):
        figure = plot_label_group_counts(TWO_COUNTS[TWO_COUNTS["split"] != "validation"])
        titles = [ax.get_title(loc="left").split(":")[0] for ax in figure.axes]
        assert titles == ["train", "test"]

    @pytest.mark.parametrize("table", [TWO_COUNTS, FIVE_COUNTS])
    def test_bars_are_the_shares_with_counts_beside_them(self, table):
        figure = plot_label_group_counts(table)
        for ax, (_, rows) in zip(figure.axes, table.groupby("split", sort=False), strict=True):
            by_label = rows.sort_values(
                "label", key=lambda label: label.str[0] == ">", kind="stable"
            )
            assert [bar.get_width() for bar in ax.patches] == pytest.approx(list(by_label["share"]))
            assert [text.get_text() for text in ax.texts] == [
                f"{count:,} ({share:.1%})"
                for count, share in zip(by_label["count"], by_label["share"], strict=True)
            ]

    def test_a_table_in_which_no_number_may_be_shown_has_words_alone(self):
        hidden = TWO_COUNTS.assign(count=np.nan, share=np.nan, instead="fewer than 5")
        (ax, *_) = plot_label_group_counts(hidden).axes
        assert {text.get_text() for text in ax.texts} == {"fewer than 5"}

    def test_bars_lie_at_the_name_of_their_group_and_the_first_is_on_top(self):
        figure = plot_label_group_counts(FIVE_COUNTS)
        ax = figure.axes[0]
        names = [" ".join(text.get_text().split()) for text in ax.get_yticklabels()]
        assert names == list(LONG_GROUPS)
        for bars in ax.containers:
            for i, bar in enumerate(bars):
                middle = bar.get_y() + bar.get_height() / 2
                assert abs(middle - ax.get_yticks()[i]) < 0.4
        low, high = ax.get_ylim()
        assert low > high

    @pytest.mark.parametrize("table", [TWO_COUNTS, FIVE_COUNTS])
    def test_counts_stay_in_their_panel(self, table):
        figure = plot_label_group_counts(table)
        drawn = drawn_texts(figure)
        for ax in figure.axes:
            assert max(drawn[text].x1 for text in ax.texts) < ax.get_window_extent().x1

    def test_the_legend_has_the_colours_of_the_bars(self):
        figure = plot_label_group_counts(TWO_COUNTS)
        (legend,) = figure.legends
        assert [text.get_text() for text in legend.get_texts()] == ["<=50K", ">50K"]
        for handle, bars in zip(legend.get_patches(), figure.axes[0].containers, strict=True):
            assert handle.get_facecolor() == bars[0].get_facecolor()

    def test_a_combination_that_is_missing_counts_zero(self):
        missing = (TWO_COUNTS["group"] == "Female") & (TWO_COUNTS["label"] == ">50K")
        figure = plot_label_group_counts(TWO_COUNTS[~missing])
        assert [text.get_text() for text in figure.axes[0].texts][3] == "0 (0.0%)"


class TestConfusionMatrices:
    def test_one_panel_per_group_with_its_rates(self):
        figure = plot_confusion_matrices(TWO_MATRICES)
        titles = [ax.get_title().replace("\xa0", " ").split("\n") for ax in figure.axes]
        rates = ("selection rate", "true positive rate", "false positive rate")
        assert titles == [
            [head, *(f"{rate} {value}" for rate, value in zip(rates, values, strict=True))]
            for head, values in [
                ("Male, n = 6,513", ("25.1%", "60.9%", "9.3%")),
                ("Female, n = 3,255", ("6.9%", "43.5%", "2.2%")),
            ]
        ]

    def test_cells_hold_count_and_share_of_the_actual_label(self):
        ax = plot_confusion_matrices(TWO_MATRICES).axes[0]
        cells = {text.get_position(): text.get_text() for text in ax.texts}
        assert cells == {
            (0, 0): "4,100\n90.7%",
            (1, 0): "420\n9.3%",
            (0, 1): "780\n39.1%",
            (1, 1): "1,213\n60.9%",
        }

    def test_columns_are_predicted_and_rows_actual_labels(self):
        ax = plot_confusion_matrices(TWO_MATRICES).axes[0]
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted", "actual")
        for ticks in (ax.get_xticklabels(), ax.get_yticklabels()):
            assert [text.get_text() for text in ticks] == ["negative", "positive"]
        assert ax.get_ylim() == (1.5, -0.5)

    def test_text_has_the_contrast_that_wcag_asks_for(self):
        for share in np.linspace(0, 1, 41):
            positive = round(share * 1000)
            table = TWO_MATRICES[:1].assign(
                true_negatives=1000 - positive, false_positives=positive
            )
            (ax,) = plot_confusion_matrices(table).axes
            for cell, text in zip(ax.patches, ax.texts, strict=True):
                assert cell.get_bbox().contains(*text.get_position())
                assert contrast(text.get_color(), cell.get_facecolor()[:3]) >= 4.5

    def test_a_group_without_rows_says_so(self):
        figure = plot_confusion_matrices(FIVE_MATRICES)
        empty = figure.axes[2]
        assert " ".join(empty.get_title().split()) == "Female × Native Hawaiian or other, n = 0"
        assert [text.get_text() for text in empty.texts] == ["no rows"]
        assert len(empty.patches) == 0
        assert texts(figure).count("no rows") == 1

    def test_a_label_without_rows_has_undefined_shares(self):
        ax = plot_confusion_matrices(FIVE_MATRICES).axes[4]
        assert "true positive rate undefined" in ax.get_title()
        assert [text.get_text() for text in ax.texts][2:] == ["0\nundefined", "0\nundefined"]

    def test_takes_the_table_that_an_evaluation_makes(self):
        sex = ProtectedColumn("sex", ("a", "b"), ("a",), ("b",))
        counts = Counts((sex,), np.array([*[[[5, 1], [2, 3]]] * 2, 2 * [[0, 0]]]))
        figure = plot_confusion_matrices(confusion_table(counts))
        assert [len(ax.texts) for ax in figure.axes] == [4, 4, 1]


def contrast(one, other):
    """The contrast ratio of WCAG 2.2, from 1 to 21."""

    def luminance(color):
        total = 0.0
        for weight, value in zip((0.2126, 0.7152, 0.0722), to_rgb(color), strict=True):
            total += weight * (
                value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
            )
        return total

    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)
