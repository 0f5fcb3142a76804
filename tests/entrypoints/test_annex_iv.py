"""`evaluate` logs the technical file of the model, with what `card` says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import mlflow
from click.testing import Result

from fairrun.pages import render_technical_file


def test_evaluate_logs_a_technical_file_with_what_the_card_says(
    run: Callable[..., Result], trained: str, tmp_path: Path
) -> None:
    card = tmp_path / "card.yaml"
    card.write_text("risks: Small groups are reviewed by hand\n", encoding="utf-8")
    done = run("evaluate", "--model", trained, "--gate", "accuracy>=0.5", "--card", card)
    assert done.exit_code == 0, done.output
    (run_id,) = set(re.findall(r"runs/([0-9a-f]{32})", done.output))
    text = mlflow.artifacts.load_text(f"runs:/{run_id}/annex_iv.json")
    content = json.loads(text)
    page = mlflow.artifacts.load_text(f"runs:/{run_id}/annex_iv.html")
    assert page == render_technical_file(content)
    items = {
        item["key"]: item
        for part in (*content["points"], *content["further"])
        for item in part["items"]
    }
    assert items["risks"]["statement"]["text"] == "Small groups are reviewed by hand"
    assert items["standards"]["missing"].startswith("to be filled in by a person")
    facts = {fact["name"]: fact for fact in items["data"]["facts"]}
    assert facts["Source"]["value"] == "people.parquet"
    assert facts["Digest of the training rows"]["source"]["run"] == content["runs"]["training"]
    assert facts["Rows of the train split"]["value"] > 0
    assert content["runs"]["evaluation"] == run_id
    assert str(tmp_path) not in text
