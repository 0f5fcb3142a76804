"""Tables as the runs make them, everyday and hard, and what a drawn figure shows."""

from __future__ import annotations

from collections.abc import Callable
from unittest.mock import patch

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from fairrun.explanations import Overview
from fairrun.figures import (
    plot_calibration,
    plot_confusion_matrices,
    plot_fairness_accuracy,
    plot_groups,
    plot_label_group_counts,
    plot_metric_bars,
    plot_metrics,
    plot_roc,
    plot_subgroups,
    plot_threshold_frontier,
)
from fairrun.figures.contributions import plot_contributions
from fairrun.figures.importance import plot_column_importance
from fairrun.figures.partial_dependence import plot_partial_dependence
from fairrun.figures.proxies import plot_proxies
from fairrun.figures.waterfall import plot_waterfalls
from fairrun.gate import decide, parse_gate
from fairrun.groups import ProtectedColumn
from fairrun.metrics import Evaluation, evaluate_predictions
from tests.figures.explained import empty_overview, hard_overview, overview
from tests.figures.subgroups import many, row, scan_of
from tests.metrics.samples import COLUMNS, draw_people

METRICS = (
    "accuracy",
    "balanced_accuracy",
    "roc_auc",
    "disparate_impact",
    "statistical_parity",
    "equality_of_opportunity_difference",
    "average_odds_difference",
)

MITIGATORS = (
    "none",
    "reweighing",
    "correlation_remover",
    "disparate_impact_remover",
    "reweighing+group_thresholds",
    "calibrated_equalized_odds",
    "equalized_odds",
    "lp_debiaser",
    "exponentiated_gradient_reduction",
)

LONG_GROUPS = (
    "Amer-Indian-Eskimo",
    "Asian-Pac-Islander",
    "Female × Native Hawaiian or other",
    "White",
    "(neither)",
)


def comparison(*rows: tuple[str | float, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["mitigator", *METRICS])


ADULT = comparison(
    ("none", 0.846, 0.765, 0.904, 3.15, 0.175, 0.09, 0.085),
    ("reweighing", 0.835, 0.740, 0.900, 1.6, 0.08, -0.16, -0.07),
    ("correlation_remover", 0.835, 0.741, 0.899, 1.7, 0.09, -0.12, -0.05),
    ("disparate_impact_remover", 0.840, 0.750, 0.900, 2.0, 0.11, -0.03, 0.01),
)
#: The last two points are less than a pixel apart.
CLOSE = comparison(
    *ADULT[:2].itertuples(index=False),
    ("correlation_remover", 0.83501, 0.741, 0.899, 1.6001, 0.08001, -0.12, -0.05),
)
SAME = comparison(
    *((name, 0.84 + 1e-5 * i, 0.7, 0.9, 1.1, 0.01, 0.0, 0.0) for i, name in enumerate(MITIGATORS))
)
#: Only "none" and "equalized_odds" have a place on the axes of the disparate impact.
UNDEFINED = comparison(
    ("none", 0.846, 0.765, 0.904, 3.15, 0.175, 0.09, 0.085),
    ("reweighing", 0.835, np.nan, 0.900, np.nan, np.nan, np.nan, -0.07),
    ("correlation_remover", 0.835, 0.741, 0.899, np.inf, 0.2, -0.12, -0.05),
    ("disparate_impact_remover", 0.84, 0.75, 0.9, 0.0, -0.11, -0.03, 0.01),
    ("lp_debiaser", np.nan, 0.75, 0.9, 1.1, 0.02, -0.03, 0.01),
    ("equalized_odds", 0.83, 0.75, 0.9, 0.95, -0.01, 0.0, 0.01),
)


def with_intervals(table: pd.DataFrame) -> pd.DataFrame:
    """Intervals of 10 % above and below, and none where the value is undefined."""
    limits = {}
    for metric in METRICS:
        margin = 0.1 * table[metric].abs()
        limits[f"{metric}_ci_low"] = table[metric] - margin
        limits[f"{metric}_ci_high"] = table[metric] + margin
    return table.assign(**limits)


def group_rates(*groups: tuple[str, str, int]) -> pd.DataFrame:
    """Rates of (protected, group, n); without a row of a group they are undefined."""
    rows = []
    for place, (protected, group, n) in enumerate([("", "(all)", 9000), *groups]):
        for metric, rate in (
            ("selection_rate", 0.2),
            ("true_positive_rate", 0.6),
            ("false_positive_rate", 0.1),
            ("base_rate", 0.3),
        ):
            value = rate + 0.01 * place if n > 1 else np.nan
            rows.append((protected, group, n, metric, value, value - 0.05, value + 0.1, ""))
    columns = ["protected", "group", "n", "metric", "value", "ci_low", "ci_high", "reason"]
    return pd.DataFrame(rows, columns=columns)


TWO_GROUPS = group_rates(("sex", "Male", 6000), ("sex", "Female", 3000))
#: One block that is too large, and a third that there is no room for.
MANY_GROUPS = group_rates(
    *(("sex", sex, 4000) for sex in ("Male", "Female")),
    *(("race", f"Amer-Indian-Eskimo {i}", n) for i, n in enumerate([9, 800, 0, 1, 700, 30, 5, 2])),
    *(("sex:race", f"Female:Asian-Pac-Islander {i}", 100 + i) for i in range(8)),
    *(("job", f"job {i}", 100 + i) for i in range(4)),
)
FRONTIER = pd.DataFrame(
    {
        "threshold": [0.9, 0.7, 0.5],
        "selection_rate": [0.0, 0.1, 0.2],
        "accuracy": [0.75, 0.8, 0.84],
        "statistical_parity": [0.0, 0.05, 0.12],
    }
)


def nine(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"mitigator": MITIGATORS})
    for metric in METRICS[:3]:
        table[metric] = 0.85 - 0.02 * rng.random(9)
    table["disparate_impact"] = np.exp(rng.normal(0.3, 0.4, 9))
    for metric in METRICS[4:]:
        table[metric] = rng.normal(0.02, 0.08, 9)
    return table


def label_group_counts(
    groups: tuple[str, ...], sizes: tuple[int, ...], labels: tuple[str, str]
) -> pd.DataFrame:
    rows = []
    for split, part in (("train", 3), ("validation", 1), ("test", 1)):
        for group, size in zip(groups, sizes, strict=True):
            for label, fraction in zip(labels, (3, 1), strict=True):
                count = size * part * fraction
                rows.append((split, group, label, count, count / (sum(sizes) * part * 4)))
    return pd.DataFrame(rows, columns=["split", "group", "label", "count", "share"])


def confusion(**counts: tuple[int, int, int, int]) -> pd.DataFrame:
    """Counts of true negatives, false positives, false negatives, true positives by group."""
    names = ["true_negatives", "false_positives", "false_negatives", "true_positives"]
    table = pd.DataFrame.from_dict(counts, orient="index", columns=names)
    tn, fp, fn, tp = (table[name] for name in names)
    table["n"] = tn + fp + fn + tp
    table["selection_rate"] = (fp + tp) / table["n"]
    table["true_positive_rate"] = tp / (fn + tp)
    table["false_positive_rate"] = fp / (tn + fp)
    return table.rename_axis("group").reset_index()


TWO_MATRICES = confusion(Male=(4100, 420, 780, 1213), Female=(2820, 63, 210, 162))
FIVE_MATRICES = confusion(
    **dict(
        zip(
            LONG_GROUPS,
            [
                (90, 1, 8, 3),
                (200, 25, 30, 55),
                (0,) * 4,
                (1160400, 12420, 980, 51213),
                (4, 3, 0, 0),
            ],
            strict=True,
        )
    )
)
TWO_COUNTS = label_group_counts(("Male", "Female"), (5000, 2500), ("<=50K", ">50K"))
FIVE_COUNTS = label_group_counts(LONG_GROUPS, (20, 60, 180, 2000, 0), ("<=$50K", ">$50K"))

#: Two protected columns, some values of them missing.
PEOPLE = draw_people(0)
EVALUATION = evaluate_predictions(COLUMNS, PEOPLE.codes, *PEOPLE[2:])
GATE = parse_gate(
    "disparate_impact>=0.8; statistical_parity<=0.3 @ sex; accuracy>=0.6; accuracy>=0.75 @ race;"
    "average_odds_difference<=0.05 @ sex:race; true_positive_rate>=0.6; cohen_d<=0.1 @ sex"
)
JUDGED = decide(GATE, EVALUATION.counts, EVALUATION.audit)


def hard_evaluation() -> Evaluation:
    """Eight values with long names, of which one has no row and one a single label."""
    values = tuple(f"Native Hawaiian or other {i}" for i in range(8))
    origin = ProtectedColumn("origin of the family", values, values[:1], values[1:])
    rng = np.random.default_rng(1)
    code = rng.choice(7, size=300, p=[0.5, 0.2, 0.1, 0.1, 0.05, 0.03, 0.02])
    label = np.where(code == 6, 1, rng.integers(0, 2, 300))
    score = np.clip(0.3 * label + 0.7 * rng.random(300), 0, 1)
    chosen = (score > 0.6) & (code != 5)
    return evaluate_predictions([origin], [code], label, chosen.astype(int), score)


HARD = hard_evaluation()
#: Names without a place to break.
WORD = ProtectedColumn(
    "Staatsangehoerigkeitsausweis",
    ("Wohnungsgeberbestaetigungen", "b"),
    *(("Wohnungsgeberbestaetigungen",), ("b",)),
)
WORDS = evaluate_predictions([WORD], [[0, 0, 1, 1] * 20], [0, 1] * 40, [0, 1] * 40, [0.2, 0.9] * 40)
HARD_GATE = parse_gate("disparate_impact>=0.8; accuracy>=0.9 @ origin of the family; min_count=5")
HARD_JUDGED = decide(HARD_GATE, HARD.counts, HARD.audit)

LONG_A, LONG_B = "Married-civ-spouse or Married-AF-spouse", "Never-married or separated"

#: Every plot with every kind of table.
FIGURES: dict[str, Callable[[], Figure]] = {
    "fairness accuracy": lambda: plot_fairness_accuracy(
        ADULT, "disparate_impact", "Male", "Female"
    ),
    "fairness accuracy, difference": lambda: plot_fairness_accuracy(
        nine(),
        "statistical_parity",
        LONG_A,
        LONG_B,
        "A title of its own that is too long for a line",
    ),
    "fairness accuracy, close": lambda: plot_fairness_accuracy(
        CLOSE, "disparate_impact", "Male", "Female"
    ),
    "fairness accuracy, same": lambda: plot_fairness_accuracy(
        SAME, "disparate_impact", "Male", "Female"
    ),
    "fairness accuracy, nine": lambda: plot_fairness_accuracy(
        nine(), "disparate_impact", "Male", "Female"
    ),
    "fairness accuracy, undefined": lambda: plot_fairness_accuracy(
        UNDEFINED, "disparate_impact", "Male", "Female"
    ),
    "fairness accuracy, nothing": lambda: plot_fairness_accuracy(
        UNDEFINED[1:3], "disparate_impact", "Male", "Female"
    ),
    "bars": lambda: plot_metric_bars(ADULT, METRICS, "Male", "Female"),
    "bars, nine": lambda: plot_metric_bars(nine(), METRICS, LONG_A, LONG_B),
    "bars, undefined": lambda: plot_metric_bars(UNDEFINED, METRICS, "Male", "Female"),
    "bars, one": lambda: plot_metric_bars(ADULT, METRICS[3:4], "Male", "Female"),
    "fairness accuracy, intervals": lambda: plot_fairness_accuracy(
        with_intervals(ADULT), "disparate_impact", "Male", "Female"
    ),
    "fairness accuracy, undefined intervals": lambda: plot_fairness_accuracy(
        with_intervals(UNDEFINED), "statistical_parity", "Male", "Female"
    ),
    "bars, intervals": lambda: plot_metric_bars(with_intervals(ADULT), METRICS, "Male", "Female"),
    "bars, undefined intervals": lambda: plot_metric_bars(
        with_intervals(UNDEFINED), METRICS, "Male", "Female"
    ),
    "subgroups": lambda: plot_subgroups(many()),
    "subgroups, one": lambda: plot_subgroups(scan_of([row("sex = Female", -0.1)])),
    "subgroups, nothing": lambda: plot_subgroups(scan_of([])),
    "groups": lambda: plot_groups(TWO_GROUPS),
    "groups, words": lambda: plot_groups(WORDS.audit.rates),
    "roc, words": lambda: plot_roc(WORDS.scores, WORDS.counts, WORDS.audit.rates),
    "metrics, words": lambda: plot_metrics(WORDS.audit),
    "groups, many": lambda: plot_groups(MANY_GROUPS),
    "frontier": lambda: plot_threshold_frontier(FRONTIER, 0.83, 0.05, ("Male", "Female")),
    "frontier, long": lambda: plot_threshold_frontier(FRONTIER, 0.7, -0.3, (LONG_A, LONG_B)),
    "roc": lambda: plot_roc(EVALUATION.scores, EVALUATION.counts, EVALUATION.audit.rates),
    "roc, hard": lambda: plot_roc(HARD.scores, HARD.counts, HARD.audit.rates),
    "calibration": lambda: plot_calibration(EVALUATION.scores, EVALUATION.audit.rates),
    "calibration, hard": lambda: plot_calibration(HARD.scores, HARD.audit.rates),
    "metrics": lambda: plot_metrics(EVALUATION.audit),
    "metrics, gate": lambda: plot_metrics(EVALUATION.audit, JUDGED),
    "metrics, hard": lambda: plot_metrics(HARD.audit, HARD_JUDGED),
    "matrices": lambda: plot_confusion_matrices(TWO_MATRICES),
    "matrices, five": lambda: plot_confusion_matrices(FIVE_MATRICES),
    "matrices, one": lambda: plot_confusion_matrices(TWO_MATRICES[:1]),
    "counts": lambda: plot_label_group_counts(TWO_COUNTS),
    "counts, five": lambda: plot_label_group_counts(FIVE_COUNTS),
}


def explanation_figures(label: str, of: Callable[[], Overview]) -> dict[str, Callable[[], Figure]]:
    """The plots of what a model looks at."""
    return {
        f"column importance{label}": lambda: plot_column_importance(
            of().importance, of().protected, of().groups
        ),
        f"contributions{label}": lambda: plot_contributions(of().contributions, of().n_explained),
        f"proxies{label}": lambda: plot_proxies(of().proxies, of().protected, of().groups),
        f"threshold rows{label}": lambda: plot_waterfalls(of().threshold_rows),
        f"partial dependence{label}": lambda: plot_partial_dependence(of().partial_dependence),
    }


for words, of in (
    ("", overview),
    (", by group", lambda: overview("correlation_remover")),
    (", hard", hard_overview),
    (", nothing", empty_overview),
):
    FIGURES |= explanation_figures(words, of)


def drawn_texts(figure: Figure) -> dict[Text, Bbox]:
    """Draw `figure` and return all texts that are really drawn, and where, in pixels."""
    drawn: list[Text] = []
    draw = Text.draw

    def record(text: Text, renderer: object) -> None:
        if text.get_visible() and text.get_text():
            drawn.append(text)
        draw(text, renderer)

    with patch.object(Text, "draw", record):
        figure.canvas.draw()
    return {text: Text.get_window_extent(text) for text in drawn}


def texts(figure: Figure) -> list[str]:
    """Return the words of all drawn texts, each on one line with plain spaces."""
    return [" ".join(text.get_text().split()) for text in drawn_texts(figure)]
