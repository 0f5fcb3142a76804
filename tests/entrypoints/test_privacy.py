"""What the files, figures and lines of a run say about few people."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from click.testing import Result
from matplotlib.text import Text

from fairrun.errors import RequestError
from fairrun.metrics import ScoreHistogram, counts_from_dict
from fairrun.models.load import load_model
from fairrun.models.provenance import Provenance
from fairrun.serving.limits import Limits
from fairrun.serving.openapi import openapi_document
from fairrun.sweep.shown import shown_trial
from fairrun.sweep.trial import TrialResult
from fairrun.tracking.metric_names import metrics_by_name
from tests.entrypoints.test_commands import artifacts, runs, succeed

Invoke = Callable[..., Result]

ABOUT = ["--target", "paid", "--positive", "high", "--protected", "sex,race"]
ABOUT += ["--privileged", "Male,White"]
#: In each column, three rows have the name of a person.
NAMED = ("sex", "race", "job", "city", "paid late")
LONG = "ask me " * 1500
FORMULA = '=HYPERLINK("http://example.org")'
#: The pages that name values of the data, and shorten long ones.
WITH_VALUES = ("report.html", "model_card.html", "annex_iv.html")


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    n = 900
    frame = pd.DataFrame(
        {
            "sex": rng.choice(["Male", "Female"], n),
            "race": rng.choice(["White", "Black", FORMULA, LONG], n, p=[0.6, 0.2, 0.1, 0.1]),
            "job": rng.choice(["clerk", "cook", "smith"], n),
            "city": rng.choice(["Ulm", "Bonn", LONG], n),
            "paid late": rng.choice(["no", "once"], n),
            "pay": rng.normal(30, 8, n).round(2),
        }
    )
    score = 0.1 * (frame["pay"] - 30) + (frame["sex"] == "Male")
    frame["paid"] = np.where(rng.random(n) < 1 / (1 + np.exp(-score)), "high", "low")
    for place, name in enumerate(NAMED):
        frame.loc[10 * place : 10 * place + 2, name] = f"Zaphod {name}"
    path = tmp_path_factory.mktemp("people") / "people.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect every text that is drawn in a figure."""
    texts: list[str] = []
    draw = Text.draw

    def keep(self: Text, *args: object, **kwargs: object) -> object:
        texts.append(self.get_text())
        return draw(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Text, "draw", keep)
    return texts


def everything_in(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file of the store: artifacts, and the database with tags, parameters and metrics."""
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.name, path.read_bytes().decode("utf-8", "replace")


def test_the_name_of_a_person_is_nowhere(
    run: Invoke,
    people: Path,
    tmp_path: Path,
    drawn: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    data = ["--data", people, *ABOUT]
    said = [succeed(run("check", *data))]
    said.append(
        succeed(run("train", *data, "--mitigator", "equalized_odds", "--changeable", "job,city"))
    )
    (uri,) = re.findall(r"-P model=(\S+)", said[-1])
    gate = "disparate_impact>=0.5 @ race; accuracy>=0.5 @ sex:race; min_count=1"
    # The rows with the names are measured, too.
    said.append(run("evaluate", "--model", uri, "--data", people, "--gate", gate).output)
    assert "gate:" in said[-1]
    said.append(succeed(run("evaluate", "--model", uri)))
    assert "reference.json" in artifacts(runs()[-1].info.run_id)
    model = mlflow.pyfunc.load_model(uri)
    rows = pd.read_csv(people).drop(columns="paid").head(60)
    asked = {"explain": True, "counterfactuals": True, "top_k": 0}
    answers = model.predict(rows, params=asked).drop(columns=list(rows), errors="ignore")
    hints = answers.astype(str).to_csv()
    texts = [("printed", "".join(said)), ("logged", caplog.text), ("drawn", "\n".join(drawn))]
    schema = openapi_document(load_model(uri), Provenance(uri), Limits(), token=False)
    files = [("answers", hints), ("schema", json.dumps(schema)), *everything_in(tmp_path)]
    assert sum("clerk" in text for _, text in files) > 3
    assert not [
        (where, name)
        for where, text in [*texts, *files]
        for name in NAMED
        if f"zaphod {name}" in text.lower()
    ]
    assert any(text.startswith("White") for text in drawn)
    for where, text in texts:
        assert LONG[:300] not in text, where
    for page in tmp_path.rglob("*.html"):
        assert LONG[:300] not in page.read_text("utf-8")
        assert ("characters, " in page.read_text("utf-8")) == (page.name in WITH_VALUES)
    for card in tmp_path.rglob("model_card.md"):
        assert LONG[:300] not in card.read_text("utf-8")
    for path in tmp_path.rglob("audit/*.csv"):
        cells = re.findall(r'(?:^|,)"?([^",\n]+)', path.read_text("utf-8"), flags=re.MULTILINE)
        assert not [c for c in cells if c[0] in "=+@" and not re.match(r"[+-]?[\d.]", c)]


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows of which the test split has between one and four of the race Inuit."""
    rng = np.random.default_rng(1)
    n = 600
    sex = rng.choice(["Male", "Female"], n)
    race = rng.choice(["White", "Black"], n, p=[0.7, 0.3]).astype(object)
    race[rng.choice(n, 9, replace=False)] = "Inuit"
    pay = rng.normal(30, 8, n).round(2)
    paid = np.where(rng.random(n) < 1 / (1 + np.exp(30 - pay)), "high", "low")
    path = tmp_path_factory.mktemp("few") / "few.csv"
    pd.DataFrame({"sex": sex, "race": race, "pay": pay, "paid": paid}).to_csv(path, index=False)
    return path


def evaluated(run: Invoke, uri: str, *more: object) -> tuple[str, dict[str, pd.DataFrame]]:
    succeed(run("evaluate", "--model", uri, *more))
    run_id = runs()[-1].info.run_id
    folder = Path(mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="audit"))
    return run_id, {path.stem: pd.read_csv(path) for path in folder.glob("*.csv")}


def test_a_small_group_is_shown_only_on_request(run: Invoke, few: Path) -> None:
    output = succeed(run("train", "--data", few, *ABOUT, "--sensitive", "true"))
    (uri,) = re.findall(r"-P model=(\S+)", output)
    run_id, tables = evaluated(run, uri, "--gate", "accuracy>=0.5")
    assert runs()[-1].data.tags["fairness.gate"] == "pass"
    rates = tables["rates"].set_index("group")
    assert rates.loc["Inuit", ["n", "value"]].isna().all(axis=None)
    page = mlflow.artifacts.load_text(f"runs:/{run_id}/report.html")
    assert "fewer than 5" in page
    assert "Numbers about fewer than 5 rows are not shown" in page
    for name in ("model_card.md", "model_card.html"):
        card = mlflow.artifacts.load_text(f"runs:/{run_id}/{name}")
        assert "Numbers about fewer than 5 rows are not shown" in card
        about = re.findall(r"^\| Inuit \|.*|<th scope=.row.>Inuit</th>.*", card, re.MULTILINE)
        assert about
        seen = re.sub("<[^>]*>", "", "".join(about)).replace("fewer than 5", "")
        assert not re.search(r"\d", seen)
        assert "threshold for everybody" not in card
    # The data are sensitive, so the gate cannot be decided again.
    counts = mlflow.artifacts.load_dict(f"runs:/{run_id}/counts.json")
    assert counts == {"kind": "counts", "suppressed": True}
    with pytest.raises(RequestError, match=r"suppressed, because .* sensitive: true; give the"):
        counts_from_dict(counts)
    assert not {"threshold_frontier.json", "plots/threshold_frontier.png"} & {*artifacts(run_id)}
    scores = mlflow.artifacts.load_dict(f"runs:/{run_id}/score_histogram.json")
    with pytest.raises(RequestError, match="the score histogram of this run are suppressed"):
        ScoreHistogram.from_dict(scores)
    reference = mlflow.artifacts.load_dict(f"runs:/{run_id}/reference.json")
    assert (reference["counts"], reference["scores"]) == (None, None)
    assert "Inuit" not in json.dumps(reference)
    assert "Male" in json.dumps(reference)

    run_id, tables = evaluated(run, uri, "--min-cell", 1, "--justification", "so few")
    rates = tables["rates"].set_index("group")
    (n,) = set(rates.loc["Inuit", "n"].dropna())
    assert 0 < n < 5
    assert "min_cell=1" in mlflow.artifacts.load_text(f"runs:/{run_id}/report.html")
    law = tables["local_law_144"].query("category == 'Inuit' and protected == 'race'")
    assert law["note"].tolist() == ["under 2 % of the rows: so few"] * 2
    assert law["impact_ratio"].isna().all()
    assert (law["n"] == n).all()


def test_check_and_preprocess_show_no_number_of_a_small_group(run: Invoke, few: Path) -> None:
    about = ["--data", few, *ABOUT[:4], "--protected", "race", "--privileged", "White"]
    about += ["--unprivileged", "Black"]
    output = succeed(run("check", *about, "--min-cell", 20))
    assert re.search(r"\| race +\| \(neither\) +\| fewer than 20 \|", output)
    assert re.search(r"\| race +\| Black +\| hidden +\|", output)
    assert "What disparate_impact" not in output
    succeed(run("preprocess", *about, "--min-cell", 20))
    counts = mlflow.load_table("label_group_counts.json", run_ids=[runs()[-1].info.run_id])
    of_group = counts[counts["group"] == "(neither)"]
    assert of_group["count"].isna().all()
    assert set(of_group["instead"]) == {"fewer than 20"}
    assert counts[counts["group"] == "Black"]["count"].isna().all()


@pytest.mark.slow
def test_a_sweep_of_sensitive_data_shows_and_stores_no_number_of_a_small_group(
    run: Invoke, few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search uses all numbers, and nobody can read those about the few Inuit afterwards."""
    trials: list[tuple[TrialResult, TrialResult]] = []

    def keep(trial: TrialResult, min_cell: int) -> TrialResult:
        trials.append((trial, shown_trial(trial, min_cell)))
        return trials[-1][1]

    monkeypatch.setattr("fairrun.runs.sweep.shown_trial", keep)
    about = [*ABOUT[:4], "--protected", "race,sex", "--privileged", "White,Male"]
    about += ["--unprivileged", "Black,Female", "--sensitive", "true"]
    asked = ["--method", "grid", "--workers", 1]
    asked += ["--space", "C=0.0001,0.01,1; class_weight=none,balanced"]
    asked += ["--objective", "accuracy,statistical_parity"]
    asked += ["--constraint", "statistical_parity<=0.5 @ sex:race; accuracy>=0.5"]
    output = succeed(run("sweep", "--data", few, *about, *asked))
    parent = next(each for each in runs() if "sweep.rule" in each.data.tags)
    assert len(trials) == 6
    assert {exact.state for exact, _ in trials} == {"complete"}
    concealed, visible = set(), set()
    for exact, shown in trials:
        for name, value in exact.metrics.items():
            if math.isfinite(value):
                (visible if name in shown_metrics(shown) else concealed).add((name, value))
    names = {name for name, _ in concealed} - {name for name, _ in visible}
    assert {"statistical_parity", "statistical_parity_worst"} <= names
    assert {"accuracy", "statistical_parity/sex"} <= {name for name, _ in visible}

    # The evaluation of the chosen model has tests of its own.
    swept = [each for each in runs() if "evaluated.rows" not in each.data.tags]
    assert len(swept) == 7
    texts = [("printed", output)]
    for each in swept:
        kinds = ("", "validation/", "test/", "optimism/")
        logged = {name.removeprefix(kind): 0.0 for name in each.data.metrics for kind in kinds}
        assert not names & metrics_by_name(logged, "race").keys(), each.info.run_name
        texts += everything_in(tmp_path / "artifacts" / each.info.run_id)
    digits = {text for _, value in concealed for text in forms(value) if len(text) >= 8}
    seen = {text for _, value in visible for text in forms(value)}
    assert len(digits - seen) > 50
    assert not [(where, each) for where, text in texts for each in digits - seen if each in text]
    # The same digits are found of the metrics that are shown.
    assert all(any(each in text for _, text in texts) for each in seen)
    differences = mlflow.load_table("frontier_differences.json", run_ids=[parent.info.run_id])
    assert set(differences["metric"]) == {"accuracy"}

    found = [
        mlflow.artifacts.load_dict(f"runs:/{each.info.run_id}/counts.json")
        for each in runs()
        if "sweep.trial" in each.data.tags or "evaluated.rows" in each.data.tags
    ]
    assert found == [{"kind": "counts", "suppressed": True}] * 7
    result = run("sweep", "--resume", parent.info.run_id)
    assert result.exit_code == 2
    assert "is a sweep of sensitive data, which does not store the counts" in result.output


def shown_metrics(trial: TrialResult) -> set[str]:
    return {name for name, value in trial.metrics.items() if math.isfinite(value)}


def forms(value: float) -> tuple[str, str]:
    """The digits of a number as files have them, and as the page of a sweep rounds them."""
    return repr(abs(value))[:8], f"{abs(value):.6g}"
