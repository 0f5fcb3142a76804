import numpy as np
import pytest
from matplotlib.collections import LineCollection

from fairrun.figures import plot_metrics
from fairrun.figures.style import BAND
from fairrun.gate import Verdict, decide, parse_gate
from fairrun.metrics import BIAS_METRICS
from tests.figures.samples import EVALUATION, GATE, JUDGED, texts

AUDIT = EVALUATION.audit
RATIO, DIFFERENCE, PERFORMANCE = range(3)
#: What the panel of differences shows for each protected column and crossing.
DIFFERENCES = [
    *(m.name for m in BIAS_METRICS.values() if m.kind == "difference"),
    *("roc_auc_difference", "abroca"),
]


def points(ax):
    """The values that are drawn, from top to bottom; whether the marker is empty."""
    drawn = [
        (y, x, line.get_markerfacecolor() == "white")
        for line in ax.lines
        if line.get_marker() != "None"
        for x, y in line.get_xydata()
    ]
    return [(x, empty) for _, x, empty in sorted(drawn)]


def bands(ax):
    """The ends of what the gate allows."""
    return [
        tuple(segment[:, 0])
        for collection in ax.collections
        if isinstance(collection, LineCollection)
        and len(collection.get_segments())
        and np.allclose(collection.get_colors()[0][:3], int(BAND[1:3], 16) / 255)
        for segment in collection.get_segments()
        if len(segment) and np.isfinite(segment).all()
    ]


def values(metric, table=AUDIT.compared):
    return table.loc[table["metric"] == metric, "value"].tolist()


def judged(gate):
    return decide(parse_gate(gate), EVALUATION.counts, AUDIT)


def test_every_metric_of_every_column_is_drawn_without_a_gate():
    figure = plot_metrics(AUDIT)
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles == ["ratios (1 at parity)", "differences (0 at parity)", "performance"]
    assert [x for x, _ in points(figure.axes[RATIO])] == values("disparate_impact")
    differences = points(figure.axes[DIFFERENCE])
    assert len(differences) == 3 * len(DIFFERENCES)
    assert [x for x, _ in differences[:3]] == values("statistical_parity")
    assert [x for x, _ in differences[-3:]] == values("abroca")
    assert not any(empty for ax in figure.axes for _, empty in points(ax))
    assert not any(bands(ax) for ax in figure.axes)
    assert {"sex: Male against Female", "race: White against not White"} <= set(texts(figure))


def test_parity_has_a_line():
    figure = plot_metrics(AUDIT)
    for panel, parity in ((RATIO, [1, 1]), (DIFFERENCE, [0, 0])):
        lines = [line for line in figure.axes[panel].lines if line.get_marker() == "None"]
        assert [list(line.get_xdata()) for line in lines] == [parity]
    assert figure.axes[RATIO].get_xscale() == "log"


def test_intervals_are_drawn():
    ax = plot_metrics(AUDIT).axes[RATIO]
    of_impact = AUDIT.compared[AUDIT.compared["metric"] == "disparate_impact"]
    segments = [
        tuple(segment[:, 0])
        for collection in ax.collections
        if isinstance(collection, LineCollection)
        for segment in collection.get_segments()
        if len(segment)
    ]
    for limits in of_impact[["ci_low", "ci_high"]].itertuples(index=False):
        assert any(segment == pytest.approx(tuple(limits)) for segment in segments)


def test_the_gate_marks_what_it_allows_and_says_its_verdict():
    result = judged("statistical_parity<=0.2 @ sex; accuracy>=0.6")
    figure = plot_metrics(AUDIT, result)
    assert bands(figure.axes[DIFFERENCE]) == [pytest.approx((-0.2, 0.2))]
    ((low, high),) = bands(figure.axes[PERFORMANCE])
    assert low == pytest.approx(0.6)
    assert high == figure.axes[PERFORMANCE].get_xlim()[1]  # as far as is drawn
    said = [text.get_text() for ax in figure.axes for text in ax.texts]
    words = {Verdict.PASS: "pass", Verdict.FAIL: "fail"}
    words[Verdict.INSUFFICIENT_EVIDENCE] = "insufficient"
    assert [word for word in said if word in words.values()] == [
        words[each.verdict] for each in result.judgements
    ]
    # Both are drawn anyway: nothing is drawn twice.
    assert len(points(figure.axes[DIFFERENCE])) == 3 * len(DIFFERENCES)
    assert not any(empty for _, empty in points(figure.axes[DIFFERENCE]))


def test_the_worst_pair_that_is_judged_is_drawn_empty_beside_the_two_groups():
    result = judged("disparate_impact>=0.8 @ race")
    drawn = points(plot_metrics(AUDIT, result).axes[RATIO])
    assert drawn == [
        *((x, False) for x in values("disparate_impact")),
        (
            result.judgements[0].value,
            True,
        ),
    ]


def test_of_several_groups_the_one_that_decides_is_drawn():
    result = judged("accuracy>=0.75 @ race")
    empty = [x for x, of_gate in points(plot_metrics(AUDIT, result).axes[PERFORMANCE]) if of_gate]
    assert empty == [min(result.judgements, key=lambda each: each.ci_low).value]


def test_a_metric_on_another_scale_has_a_panel_if_the_gate_is_about_it():
    figure = plot_metrics(AUDIT, JUDGED)
    assert figure.axes[-1].get_title(loc="left") == "cohen d"
    assert [x for x, _ in points(figure.axes[-1])] == [values("cohen_d")[0]]
    assert "cohen_d" in {term.metric.name for term in GATE.terms}


def test_a_column_of_which_no_group_is_large_enough_has_its_verdict_and_no_point():
    result = judged("disparate_impact>=0.8 @ sex; min_count=5000")
    figure = plot_metrics(AUDIT, result)
    assert bands(figure.axes[RATIO]) == [pytest.approx((0.8, 1.25))]
    finite = [x for x, _ in points(figure.axes[RATIO]) if np.isfinite(x)]
    assert finite == values("disparate_impact")
    assert "insufficient" in texts(figure)
