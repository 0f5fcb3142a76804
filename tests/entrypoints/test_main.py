"""What `main` compares, recommends, logs and prints."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from click.testing import Result

from fairrun.tracking.descriptions import escaped
from fairrun.tracking.metric_names import compared_metric_name
from tests.entrypoints.conftest import ABOUT
from tests.entrypoints.test_commands import MEASURED, artifacts, runs, succeed

Invoke = Callable[..., Result]
#: So wide that the small table shows it for the second model, and not for the first.
WIDE = "statistical_parity<=0.35"
BOTH = ["--mitigators", "none,group_thresholds"]


def description(run_id: str) -> str:
    return str(mlflow.get_run(run_id).data.tags["mlflow.note.content"])


def rows_of(output: str) -> list[list[str]]:
    lines = [line for line in output.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]


@pytest.mark.usefixtures("drawn")
def test_main_ranks_on_validation_and_shows_test_beside_it(run: Invoke, table: Path) -> None:
    output = succeed(run("main", "--data", table, *ABOUT, *BOTH, "--constraint", WIDE))
    parent, *children = runs()
    assert parent.data.tags["mlflow.runName"] == "compare mitigators"
    assert [child.data.tags["mlflow.runName"] for child in children] == [
        *("preprocess", "none · train", "none · evaluate"),
        *("group_thresholds · train", "group_thresholds · evaluate"),
    ]
    assert {c.data.tags["mlflow.parentRunId"] for c in children} == {parent.info.run_id}
    assert artifacts(parent.info.run_id) == {
        *("comparison.json", "dataset.json", "data_notes.json", "plots/comparison.png"),
        "plots/accuracy_against_disparate_impact.png",
        "plots/accuracy_against_statistical_parity.png",
    }
    # Reports are for `evaluate` by itself.
    published = "audit/local_law_144_publication.csv"
    assert artifacts(children[2].info.run_id) == {
        *("dataset.json", "reference.json", published),
        *MEASURED,
    }
    looks = [children[place].data.tags["evaluated.looks"] for place in (2, 4)]
    assert looks == ["1", "2"]
    assert "test split, by" not in output  # the looks of one small comparison need no message

    compared = mlflow.load_table("comparison.json", run_ids=[parent.info.run_id])
    assert compared["rank"].tolist() == [1, 2]
    of_name = dict(zip(["none", "group_thresholds"], (children[1:3], children[3:]), strict=True))
    for row in compared.to_dict("records"):
        trained, evaluated = of_name[row["mitigator"]]
        # MLflow's tables keep ten digits.
        for metric in ("accuracy", "disparate_impact", "statistical_parity_ci_low"):
            assert row[metric] == pytest.approx(evaluated.data.metrics[metric], rel=1e-9)
            validation = trained.data.metrics[metric]
            assert row[f"validation_{metric}"] == pytest.approx(validation, rel=1e-9)
        assert row["train_run_id"] == trained.info.run_id
        assert row["effect"] == trained.data.tags.get("mitigation.effect", "")
        assert row["constraint"] == evaluated.data.tags.get("mitigation.constraint", "")
        assert trained.data.tags["compared.rank"] == str(row["rank"])
        high, low = (abs(row[f"validation_statistical_parity_ci_{e}"]) for e in ("high", "low"))
        assert (row["verdict"] == "pass") == (max(high, low) <= 0.35)
    heads, _, first, _ = rows_of(output)
    assert heads[:4] == ["rank", "mitigator", "verdict", "statistical_parity, validation"]
    assert heads[-2:] == ["constraint", "effect"]
    best = compared.iloc[0]
    assert first[:2] == ["1", best["mitigator"]]
    assert first[4].startswith(f"{best['validation_accuracy']:.3f} (")
    assert first[6].startswith(f"{best['accuracy']:.3f} (")
    check_the_recommended_model(output)


def check_the_recommended_model(output: str) -> None:
    """It is the same one everywhere, with the reason."""
    parent, *children = runs()
    (line,) = re.findall("(?m)^recommended: .*", output)
    name, because = re.fullmatch("recommended: (.*), because (.*)", line).groups()  # type: ignore[union-attr]
    (trained,) = (c for c in children if c.data.tags["mlflow.runName"] == f"{name} · train")
    assert parent.data.tags["compared.recommended"] == name
    assert parent.data.tags["compared.recommended_run_id"] == trained.info.run_id
    assert parent.data.params["compare.constraint"] == f"{WIDE} @ sex; min_count=30"
    assert output.count(f"runs:/{trained.info.run_id}/model") == 2
    (output_model,) = mlflow.get_run(parent.info.run_id).outputs.model_outputs
    (trained_model,) = mlflow.get_run(trained.info.run_id).outputs.model_outputs
    assert output_model.model_id == trained_model.model_id

    said = description(parent.info.run_id)
    assert said.startswith(f"**Recommended: {name}, because {escaped(because)}.**")
    for child in children[1:]:
        assert f"(#/experiments/{child.info.experiment_id}/runs/{child.info.run_id})" in said
    assert f"-P model=runs:/{trained.info.run_id}/model" in said
    contexts = [each.tags[0].value for each in parent.inputs.dataset_inputs]
    assert contexts == ["train", "validation", "test"]
    evaluated = children[4].data.metrics
    for metric in ("accuracy", "statistical_parity", "disparate_impact"):
        logged = parent.data.metrics[compared_metric_name(metric, "sex", "group_thresholds")]
        assert logged == evaluated[metric]


def test_a_method_that_changes_nothing_is_marked(run: Invoke, table: Path) -> None:
    """With the paired differences to none, in the terminal and in the description."""
    nothing = "none,disparate_impact_remover"
    raw = pd.read_parquet(table)
    raw.assign(age=1.0, weight=1.0, gain=0.0).to_parquet("flat.parquet")  # nothing to repair
    data = ["--data", "flat.parquet", *ABOUT, "--mitigators", nothing, "--constraint", "none"]
    output = succeed(run("main", *data))
    assert "because its accuracy on validation is the best\n" in output
    assert rows_of(output)[0][2] == "statistical_parity, validation"  # and no verdict
    (line,) = re.findall("(?m)^disparate_impact_remover is no different from none .*", output)
    assert "on validation: it changes 0.0% of the labels, accuracy 0.0000 (" in line
    parent = runs()[0]
    assert "disparate_impact_remover is no different from none" in description(parent.info.run_id)
    assert parent.data.tags["compared.recommended"] == "none"
    assert parent.data.params["compare.constraint"] == "none"


def test_a_wrong_constraint_is_refused_before_the_data_are_read(run: Invoke) -> None:
    result = run("main", "--data", "nowhere.csv", *ABOUT, "--constraint", "statistical_party<=0.1")
    assert result.exit_code == 2
    assert "did you mean statistical_parity?" in result.output
    assert not runs()


def test_what_must_not_be_shown_is_in_no_table(run: Invoke, table: Path) -> None:
    """The verdict is from all numbers, as that of a gate is."""
    output = succeed(run("main", "--data", table, *ABOUT, *BOTH, "--min-cell", 130))
    parent = runs()[0]
    _, _, *rows = rows_of(output)
    assert {row[3] for row in rows} == {row[5] for row in rows} == {"undefined"}
    compared = mlflow.load_table("comparison.json", run_ids=[parent.info.run_id])
    for name in ("statistical_parity", "validation_statistical_parity", "distance_over_none"):
        assert compared[name].isna().all()
    assert not any("parity" in name for name in parent.data.metrics)
    assert re.search("recommended: .*, because no model's interval meets", output)


def test_a_mitigator_that_is_given_twice_is_refused(run: Invoke, table: Path) -> None:
    twice = "none,reweighing,none"
    result = run("main", "--data", table, *ABOUT, "--mitigators", twice)
    assert result.exit_code == 2
    assert f"error: mitigators={twice} has none twice; give each mitigator once" in result.output


def test_the_name_of_a_column_is_no_markup_in_the_description(
    run: Invoke, table: Path, tmp_path: Path
) -> None:
    odd, frame = "<b>|*sex*", pd.read_parquet(table)
    frame.rename(columns={"sex": odd}).to_parquet(tmp_path / "odd.parquet", index=False)
    about = [odd if word == "sex" else word for word in ABOUT]
    constraint = f"disparate_impact>=0.5 @ {odd}; accuracy>=0.5"
    ranked = ("--mitigators", "none", "--constraint", constraint)
    succeed(run("main", "--data", tmp_path / "odd.parquet", *about, *ranked))
    said = description(runs()[0].info.run_id)
    code = re.compile("```.*?```|`[^`]*`", re.DOTALL)
    assert odd in said  # as code
    assert odd not in code.sub("", said)
    assert "@ &lt;b&gt;\\|\\*sex\\*" in said.splitlines()[0]


@pytest.mark.parametrize("n_rows", [18, 60])
def test_a_group_with_too_few_rows_says_which_constraint_can_be_decided(
    n_rows: int, run: Invoke, table: Path
) -> None:
    """Of 60 rows, 12 are for validation: numbers about them are shown, and decide nothing."""
    raw = pd.read_parquet(table)
    raw.loc[raw.index[:n_rows], "sex"] = "Diverse"
    raw.to_parquet("rare.parquet")
    output = succeed(run("main", "--data", "rare.parquet", *ABOUT, "--mitigators", "none"))
    assert "not Male. _worst compares the two groups that differ most. Brackets" in output
    (line,) = re.findall("(?m)^statistical_parity<=0.1 @ sex compares every two groups.*", output)
    assert line.endswith(
        "give constraint='statistical_parity<=0.1 @ sex [privileged vs unprivileged]'"
    )
    assert escaped(line) in description(runs()[0].info.run_id)
