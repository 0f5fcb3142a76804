from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairrun.errors import RequestError
from fairrun.gate import GATE_METRICS, parse_gate, read_gate
from fairrun.metrics import BIAS_METRICS, PERFORMANCE_METRICS
from tests.metrics.samples import COLUMNS


def test_text_is_read_as_it_is_written() -> None:
    text = "disparate_impact>=0.8;statistical_parity <= .1 ; accuracy>=0.8@sex; min_count = 50;"
    gate = parse_gate(text)
    assert [str(term) for term in gate.terms] == [
        "disparate_impact>=0.8",
        "statistical_parity<=0.1",
        "accuracy>=0.8 @ sex",
    ]
    assert gate.min_count == 50
    assert parse_gate(str(gate)) == gate


@given(
    st.sampled_from(sorted(GATE_METRICS)),
    st.floats(0.001, 0.999),
    st.sampled_from([None, "sex", "sex:race", "race [self-reported]", "ns::race"]),
    st.booleans(),
    st.integers(1, 1000),
)
def test_what_is_written_is_read_again(
    name: str, threshold: float, protected: str | None, declared: bool, min_count: int
) -> None:
    metric = GATE_METRICS[name]
    lower = metric.kind == "difference" or metric.better in ("lower", "zero")
    sign = "<=" if lower else ">="
    if not GATE_METRICS[name].of_groups:
        protected, declared = None, False
    where = f" @ {protected}" if protected else ""
    where += "[ privileged  vs unprivileged ]" if declared else ""
    gate = parse_gate(f"{name}{sign}{threshold!r}{where}; min_count={min_count}")
    term = gate.terms[0]
    assert (term.metric.name, term.threshold, term.protected) == (name, threshold, protected)
    assert term.declared is declared
    assert str(parse_gate(str(gate))) == str(gate)
    assert gate.min_count == min_count


def test_every_metric_with_an_interval_can_be_demanded() -> None:
    signed = {name for name, metric in BIAS_METRICS.items() if metric.signed} - {"2sd_rule"}
    assert set(GATE_METRICS) >= signed | set(PERFORMANCE_METRICS) | {
        *("roc_auc", "roc_auc_difference", "abroca"),
        *("brier_score", "squared_calibration_error", "calibration_in_the_large"),
    }
    assert not {"four_fifths_rule", "2sd_rule"} & set(GATE_METRICS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("disparate_impct>=0.8", "did you mean disparate_impact"),
        ("acuracy>=0.8", "did you mean accuracy"),
        ("equal_opportunity_difference<=0.1", "equality_of_opportunity_difference"),
        ("xyzzy>=0.8", "it knows statistical_parity"),
        ("four_fifths_rule>=0.8", "write disparate_impact>=0.8"),
        ("calibration_error<=0.1", "squared_calibration_error<="),
        ("2sd_rule<=2", "is a test statistic"),
        ("2sd_rule_worst/sex<=2", "write statistical_parity<="),
        ("accuracy>0.8", "is not a term"),
        ("statistical_parity<=1e308", "0 < t <= 1000"),
        ("accuracy", "is not a term"),
        ("accuracy>=0.8 @", "is not a term"),
        ("accuracy>=high", "not a number"),
        ("accuracy>=80", "between 0 and 1"),
        ("accuracy>=nan", "between 0 and 1"),
        ("disparate_impact<=1.25", "disparate_impact>=t with 0 < t < 1"),
        ("disparate_impact>=1", "disparate_impact>=t with 0 < t < 1"),
        ("statistical_parity>=0.1", "statistical_parity<=t, 0 < t <= 1000"),
        ("statistical_parity<=-0.1", "statistical_parity<=t, 0 < t <= 1000"),
        ("f1>=0.5 @ sex", "f1 is not computed for groups"),
        ("f1>=0.5 [privileged vs unprivileged]", "leave out [privileged vs unprivileged]"),
        ("accuracy<=0.9", "accuracy>= with a threshold"),
        ("brier_score>=0.1", "brier_score<= with a threshold"),
        ("recall<=0.9", "recall>= with a threshold"),
        ("false_positive_rate>=0.1", "false_positive_rate<= with a threshold"),
        ("accuracy>=0.8 @ sex:", "a colon without a name"),
        ("accuracy>=0.8 @ :sex", "a colon without a name"),
        ("accuracy>=0.8; accuracy >= 0.80", "the term accuracy>=0.8 twice"),
        ("accuracy>=0.8 @ sex [a vs b]", "[privileged vs unprivileged] to compare"),
        ("accuracy>=0.8 @ sex [unprivileged]", "[privileged vs unprivileged] to compare"),
        ("", "the gate has no terms"),
        ("min_count=5", "the gate has no terms"),
        ("accuracy>=0.8; min_count=5; min_count=6", "once"),
        ("accuracy>=0.8; min_count=0", "at least 1"),
        ("accuracy>=0.8; min_count=" + "9" * 5000, "min_count=99999999999999999999… is not"),
        ("accuracy>=0.8; min_count=many", "at least 1"),
        ("calibration_in_the_large>=0.1", "calibration_in_the_large<= with a threshold"),
        ("statistical_parity/race<=0.1", "write statistical_parity with the column after @"),
        ("statistical_parity_worst/race<=0.1 @ sex", "with the column after @"),
        ("race/statistical_parity<=0.1", "write statistical_parity with the column after @"),
        ("overall/log_loss<=0.4", "knows no metric 'log_loss'"),
        ("statistical_parity_worst<=0.1 [privileged vs unprivileged]", "asks for the worst pair"),
        ("accuracy_worst>=0.8", "did you mean accuracy"),
        ("accuracy>=0.8; family=", "family= has no value; give family=holm or family=none"),
        ("accuracy>=0.8; family", "family has no value"),
        ("accuracy>=0.8; min_count =", "min_count = has no value; give a whole number, such as"),
        ("accuracy>=0.8; min_count>=50", "is not a setting; give a whole number, such as min_c"),
        ("accuracy>=0.8; family=holm min_count=50", "family=holm min_count=50 is not known"),
    ],
)
def test_what_cannot_be_judged_is_refused(text: str, said: str) -> None:
    with pytest.raises(RequestError) as refused:
        parse_gate(text)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "statistical_parity_worst/race<=0.1",
        "race/statistical_parity_worst <= 0.1",
        "statistical_parity_worst<=0.1 @ race",
        "statistical_parity_worst / race <= 0.1",
    ],
)
def test_the_logged_name_of_the_worst_pair_is_the_term_of_every_pair(text: str) -> None:
    (term,) = parse_gate(text).terms
    assert str(term) == "statistical_parity<=0.1 @ race"


def test_calibration_in_the_large_must_be_near_0() -> None:
    (term,) = parse_gate("calibration_in_the_large<=0.05 @ race").terms
    assert term.allowed == (-0.05, 0.05)
    assert (term.bound(-0.08, 0.01), term.bound(-0.01, 0.03)) == (0.08, 0.03)
    assert term.about(COLUMNS) == [("race",)]
    assert parse_gate("calibration_in_the_large<=0.05").terms[0].about(COLUMNS) == [()]


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("statistical_parity<=0.1", [("sex",), ("race",)]),
        ("statistical_parity<=0.1 @ race", [("race",)]),
        ("statistical_parity<=0.1 @ race:sex", [("sex", "race")]),
        ("statistical_parity<=0.1 @ sex : race", [("sex", "race")]),
        ("accuracy>=0.8", [()]),
        ("accuracy>=0.8 @ sex", [("sex",)]),
        ("accuracy>=0.8 [privileged vs unprivileged]", [("sex",), ("race",)]),
        ("statistical_parity<=0.1 @ race [privileged vs unprivileged]", [("race",)]),
    ],
)
def test_what_a_term_is_about(text: str, about: list[tuple[str, ...]]) -> None:
    assert parse_gate(text).terms[0].about(COLUMNS) == about


@pytest.mark.parametrize(
    "protected", ["gender", "sex:gender", "sex:sex", "sex:race:age", "sex,race"]
)
def test_a_column_that_is_not_there_is_refused(protected: str) -> None:
    (term,) = parse_gate(f"statistical_parity<=0.1 @ {protected}").terms
    with pytest.raises(RequestError, match="the protected columns sex, race, or two"):
        term.about(COLUMNS)


@pytest.mark.parametrize(
    "text",
    [
        "- disparate_impact>=0.8\n- accuracy>=0.8 @ sex:race\n",
        "terms:\n  - disparate_impact>=0.8\n  - accuracy>=0.8 @ sex:race\nmin_count: 30\n",
    ],
)
def test_yaml_says_the_same_as_text(tmp_path: Path, text: str) -> None:
    path = tmp_path / "gate.yaml"
    path.write_text(text, encoding="utf-8")
    assert read_gate(str(path)) == parse_gate("disparate_impact>=0.8; accuracy>=0.8 @ sex:race")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("accuracy>=0.8", "holds no gate"),
        ("terms: accuracy>=0.8", "holds no gate"),
        ("terms: [{metric: accuracy}]", "holds no gate"),
        ("terms: [accuracy>=0.8]\nmode: enabled", "holds no gate"),
        ("terms: [accuracy>=0.8]\nmin_count: 1.5", "at least 1"),
        ("terms: [accuracy>=0.8]\nmin_count: true", "at least 1"),
        ("terms: [accuracy>=0.8]\nmin_count: 0x" + "f" * 5000, "at least 1"),
        ("terms: [accuracy>=0.8, accuracy>=0.8]", "twice"),
        ("terms: [acuracy>=0.8]", "did you mean accuracy"),
        ("terms: [accuracy>=0.8, family=holm]", "as a key beside terms: family: holm or"),
        ("terms: [accuracy>=0.8, min_count]", "as a key beside terms: a whole number, such as"),
        ("- accuracy>=0.8\n- family: holm", "as a key beside terms: family: holm or"),
        ("terms: [accuracy>=0.8]\nfamily:", "family has no value; give family: holm or"),
        ("terms: [accuracy>=0.8]\nmin_count:", "min_count has no value; give a whole number"),
        ("terms: [", "cannot be read as YAML"),
        ("terms: [accuracy>=0.8]\nmin_count: " + "9" * 5000, "cannot be read as YAML"),
    ],
)
def test_a_file_that_holds_no_gate_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "gate.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RequestError, match=said):
        read_gate(str(path))


def test_a_file_that_is_not_there_says_where_it_was_looked_for() -> None:
    with pytest.raises(RequestError, match="relative path is looked for in"):
        read_gate("nowhere.yaml")


@pytest.mark.parametrize("place", ["", " @ sex"])
def test_a_misspelt_declared_pair_is_shown_how_to_write_it(place: str) -> None:
    with pytest.raises(RequestError, match=r"write \[privileged vs unprivileged\] to compare"):
        parse_gate(f"statistical_parity<=0.1{place} [priviledged vs unprivileged]")
