"""Save models of the present format among the fixtures: `python -m tests.inference.make_format`.

Run it again whenever the present format changes before it is released. The folders of earlier
formats are never written again.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fairrun.groups import Protected
from fairrun.inference import FORMAT_VERSION, InferenceModel, save_model
from fairrun.training import FairClassifier, fit_score_rule, resolve_postprocessor
from tests.people import SPEC, make_raw

FOLDER = Path(__file__).parent / "formats" / str(FORMAT_VERSION)

#: The parameters of each model, by the name of its folder.
MODELS: dict[str, dict[str, Any]] = {
    "pooled": {"missing": "keep", "unseen": "error", "changeable": ["age", "job"]},
    "pooled_boosted": {
        "estimator": "hist_gradient_boosting",
        "estimator_params": {"max_iter": 10},
        "changeable": ["age", "job", "gain"],
    },
    "all_named": {"min_frequency": 1},
    "group_thresholds": {
        "mitigator": "group_thresholds",
        # With these the rule has a threshold for each group, also on so few rows.
        "mitigator_params": {"confidence": 0.5, "tolerance": 0.0},
    },
    "equalized_odds": {"mitigator": "equalized_odds"},
    "disparate_impact_remover": {"mitigator": "disparate_impact_remover"},
}
#: The column of scores and the mitigator of each rule on given scores.
RULES = {"given_score": ("score", "group_thresholds"), "given_log_odds": ("odds", "equalized_odds")}


def make_rows() -> tuple[pd.DataFrame, np.ndarray]:
    """Return training rows with rare jobs, a rare protected value and a column of rare values."""
    frame = make_raw(600, seed=21).drop(columns="weight")
    frame["town"] = [f"town {n % 150}" for n in range(len(frame))]
    frame.loc[:2, "job"] = ["(other)", "pilot", "pilot"]
    frame.loc[3:4, "sex"] = "Intersex"
    label = (frame.pop("paid") == SPEC.positive).to_numpy().astype(int)
    return frame, label


def main() -> None:
    """Fit and save the models, with their answers to a few rows."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    frame, label = make_rows()
    scored = frame.assign(score=frame["age"] / 150, odds=(frame["age"] - 40) / 8)
    rows = scored.head(24).copy()
    rows.loc[10, "job"] = "unheard of"
    rows.to_json(FOLDER / "rows.json", orient="records", indent=1, double_precision=15)
    sex = Protected("sex", "Male")
    models: dict[str, InferenceModel] = {
        name: FairClassifier(sex, **parameters).fit(frame, label).inference_
        for name, parameters in MODELS.items()
    }
    for name, (column, mitigator) in RULES.items():
        plan = resolve_postprocessor(mitigator, MODELS[mitigator].get("mitigator_params"))
        is_log_odds = column == "odds"
        models[name] = fit_score_rule(scored, label, column, sex, plan, is_log_odds=is_log_odds)
    for name, model in models.items():
        save_model(model, FOLDER / name)
        answers = model.predict(rows).to_dict("records")
        _write(FOLDER / f"{name}_answers.json", answers)
        _write(FOLDER / f"{name}_explanations.json", model.explain(rows).to_dicts())
        if model.changeable:
            _write(FOLDER / f"{name}_counterfactuals.json", model.counterfactuals(rows))


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
