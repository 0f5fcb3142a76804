"""The definitions behind the words of a report."""

from __future__ import annotations

from collections.abc import Iterable

from fairrun.pages.cells import Table

__all__ = ["WORDS", "definitions"]

#: The definition of each word by its key. A metric has its own name as the key.
WORDS: dict[str, str] = {
    # what is counted
    "row": "One case of the data, such as one person or one application.",
    "favourable_label": "The outcome that is good for the person, such as “hired”. Also: label 1.",
    "selected": "The prediction or decision for the row is the favourable one.",
    "score": "The estimated probability of the favourable label, before any decision.",
    "protected_column": "A column whose groups are compared, such as sex or race.",
    "effective_rows": "With weights or clusters: as many rows of equal weight that are "
    "independent would give intervals about as wide.",
    # how results are stated
    "interval": "The range of values that agree with the rows. 95 % of such intervals contain the "
    "true value. With fewer rows, an interval is wider.",
    "at_parity": "The value of the metric if the groups do not differ.",
    "worst_pair": "Of all pairs of groups of a column, the one with the largest difference, or "
    "with the smallest ratio. Its interval holds for all pairs at once.",
    "check": "One requirement of the gate, applied to all rows, to one group or to two groups. It "
    "passes if its interval lies inside the allowed range, and fails if it lies outside.",
    "q_value": "The smallest false discovery rate at which the difference is confirmed: of all "
    "differences with a q value up to 0.05, at most 5 % are expected to be chance.",
    "confirmed": "Shown on rows that had no part in finding it, with a q value of at most 0.05.",
    # rates
    "base_rate": "Share of rows that have the favourable label in the data.",
    "selection_rate": "Share of rows that are selected.",
    "true_positive_rate": "Of the rows with the favourable label, the share that is selected.",
    "false_positive_rate": "Of the rows without the favourable label, the share that is selected.",
    "false_negative_rate": "Of the rows with the favourable label, the share that is not selected.",
    "positive_predictive_value": "The same as precision.",
    "negative_predictive_value": "Of the rows that are not selected, the share without the "
    "favourable label.",
    # performance
    "accuracy": "Share of rows for which the predicted label is the actual one.",
    "balanced_accuracy": "Mean of the shares of correct predictions among rows with and without "
    "the favourable label.",
    "precision": "Of the selected rows, the share that has the favourable label.",
    "recall": "The same as the true positive rate.",
    "f1": "Harmonic mean of precision and recall.",
    "roc_auc": "Area under the ROC curve (AUC): the probability that a row with the favourable "
    "label has a higher score than a row without it. 0.5 is chance, 1 is best.",
    "brier_score": "Mean of (score − label)². 0 is best.",
    "calibration_in_the_large": "Mean score minus the share of the favourable label. With a plus, "
    "the scores are too high.",
    "squared_calibration_error": "Mean of (mean score − share of the favourable label)² over ten "
    "ranges of the score, without the part that chance adds.",
    "average_precision": "Mean precision over all thresholds, weighted by the recall that each "
    "adds.",
    "log_loss": "Mean of −log(probability of the actual label). 0 is best.",
    "theil_index": "Inequality of the benefits prediction − label + 1 over all rows: mean of (b / "
    "μ) · log(b / μ), where μ is the mean benefit. 0 is equal.",
    "generalized_entropy_index": "Inequality of the same benefits: mean of ((b / μ)² − 1) / 2. 0 "
    "is equal.",
    "coefficient_of_variation": "Twice the square root of the generalized entropy index.",
    "accuracy_over_majority": "Accuracy minus that of always predicting the more frequent label.",
    "accuracy_over_threshold": "Accuracy minus that of the best single threshold for everybody "
    "that is at least as near to equal selection rates. At 0 or below, one threshold would do as "
    "well.",
    "flip_rate": "Share of rows whose label changes if only the protected value changes.",
    # comparisons of two groups
    "disparate_impact": "Selection rate of the first group divided by that of the second. The "
    "four-fifths rule asks for 0.8 to 1.25.",
    "statistical_parity": "Selection rate of the first group minus that of the second.",
    "four_fifths_rule": "The smaller selection rate divided by the larger one.",
    "cohen_d": "Difference of the selection rates, divided by the pooled standard deviation of "
    "being selected. About 0.2 is called small, 0.5 medium and 0.8 large.",
    "2sd_rule": "Difference of the selection rates, divided by its standard error if the rates "
    "were equal. Beyond ±2, chance alone is an unlikely reason. It grows with the number of rows.",
    "equality_of_opportunity_difference": "Difference of the true positive rates.",
    "false_positive_rate_difference": "Difference of the false positive rates.",
    "average_odds_difference": "Mean of the differences of the true and false positive rates.",
    "accuracy_difference": "Difference of the accuracies.",
    "roc_auc_difference": "Difference of the areas under the ROC curves.",
    "abroca": "Area between the ROC curves of the two groups. It has no sign. Chance alone makes "
    "it larger than 0, so its interval has an upper limit only.",
    "impact_ratio": "Selection rate of a group divided by the highest selection rate.",
    # within strata, and with unknown groups
    "conditional_demographic_disparity": "Share of the second group among the rows that are not "
    "selected, minus its share among those that are, as a mean over strata weighted by their rows. "
    "With a plus, the second group is selected less often.",
    "conditional_demographic_disparity_of_labels": "The same for the actual labels: share of the "
    "second group among the rows without the favourable label, minus its share among those with "
    "it.",
    # explanations
    "contribution": "The amount that a column adds to a row's log-odds, compared with the "
    "expected log-odds if the column is not known.",
    "importance": "Mean size of a column's contributions.",
    "log_odds": "log(probability / (1 − probability)). 0 is a probability of 50 %.",
}

#: The names of words that are not their key with spaces.
_TITLES = {
    "row": "row, rows",
    "interval": "95 % interval",
    "roc_auc": "roc auc, AUC",
    "2sd_rule": "2sd rule",
}


def definitions(tables: Iterable[Table], *others: str) -> dict[str, tuple[str, str]]:
    """Return the title and the definition of the words in tables, by key.

    Parameters
    ----------
    tables : iterable of Table
        The tables of the page. The words of their cells and headings are defined.
    *others : str
        The keys of further words.

    Examples
    --------
    >>> definitions([], "cohen_d")["cohen_d"][0]
    'cohen d'
    """
    used = {*others}
    for table in tables:
        used |= {word for _, _, word in table.heads}
        used |= {cell.word for row in table.rows for cell in row}
    return {
        key: (_TITLES.get(key, key.replace("_", " ")), text)
        for key, text in WORDS.items()
        if key in used
    }
