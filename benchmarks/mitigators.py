"""A comparison of every mitigator in holisticai and in fairrun on UCI Adult.

    python benchmarks/mitigators.py --adult PATH [--rows 1000] [--limit 300] [--only NAME ...]

Each side of each method runs in its own process, on the same split and the same encoded rows:

- holisticai: its mitigator in its Pipeline with a logistic regression. It predicts all test rows in
  one batch, as in an evaluation, and then the first rows one at a time, as on a server.
- fairrun: FairClassifier with the default parameters of the mitigator, in the same two ways.

All metrics are computed on these first rows. `changed` is the share of labels that differ from the
labels in the batch; a row that raises an exception counts as changed. Seconds are processor seconds
of fitting, because other work on the machine does not change them. MB is the peak of the resident
memory. kB is the size of the saved model, which is a cloudpickle of holisticai's pipeline and
fairrun's model folder.

The program prints a table. --limit ends a side that takes more processor seconds. If a side fits
within the limit but is too slow at predicting rows one at a time, the program measures it again on
a tenth of the rows. --kept FOLDER stores the results of each side. After an interruption the same
command continues where it stopped, unless the code has changed.
"""

from __future__ import annotations

import argparse
import json
import resource
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

from _project import ROOT
from _results import Measurement, add_save

#: What the figures depend on.
CODE = ("fairrun/training", "fairrun/inference", "fairrun/data", "fairrun/groups")

#: holisticai's class and stage by fairrun's name. holisticai has no group_thresholds.
THEIRS = {
    "reweighing": ("Reweighing", "pre"),
    "correlation_remover": ("CorrelationRemover", "pre"),
    "disparate_impact_remover": ("DisparateImpactRemover", "pre"),
    "learning_fair_representation": ("LearningFairRepresentation", "pre"),
    "exponentiated_gradient": ("ExponentiatedGradientReduction", "in"),
    "grid_search": ("GridSearchReduction", "in"),
    "prejudice_remover": ("PrejudiceRemover", "in"),
    "meta_fair_classifier": ("MetaFairClassifier", "in"),
    "adversarial_debiasing": ("AdversarialDebiasing", "in"),
    "equalized_odds": ("EqualizedOdds", "post"),
    "calibrated_equalized_odds": ("CalibratedEqualizedOdds", "post"),
    "reject_option_classification": ("RejectOptionClassification", "post"),
    "lp_debiaser": ("LPDebiaserBinary", "post"),
    "ml_debiaser": ("MLDebiaser", "post"),
}

METRICS = (
    "accuracy",
    "roc_auc",
    "disparate_impact",
    "statistical_parity",
    "equality_of_opportunity_difference",
    "average_odds_difference",
)


def problem(adult: str) -> Any:
    """Return the splits, which are the same for both sides."""
    from fairrun.data import DataRequest, prepare, resolve_spec

    return prepare(
        resolve_spec(
            DataRequest(
                data=adult,
                target="class",
                positive=">50K",
                protected=["sex"],
                privileged=["Male"],
                drop=["race", "education-num"],
            )
        )
    )


def pipeline(name: str) -> Any:
    """Return holisticai's pipeline with a mitigator and default parameters."""
    import holisticai.bias.mitigation as mitigation
    from holisticai.pipeline import Pipeline
    from sklearn.linear_model import LogisticRegression

    estimator = LogisticRegression(max_iter=1000)
    if name == "none":
        return Pipeline(steps=[("estimator", estimator)])
    class_name, stage = THEIRS[name]
    kind = getattr(mitigation, class_name)
    if stage == "pre":
        return Pipeline(steps=[("bm_preprocessing", kind()), ("estimator", estimator)])
    if stage == "post":
        return Pipeline(steps=[("estimator", estimator), ("bm_posprocessing", kind())])
    if name == "exponentiated_gradient":
        return Pipeline(steps=[("bm_inprocessing", kind(estimator=estimator))])
    if name == "grid_search":
        return Pipeline(steps=[("bm_inprocessing", kind().transform_estimator(estimator))])
    told = {"features_dim": FEATURES[0]} if name == "adversarial_debiasing" else {}
    mitigator = kind(**told)
    if name in ("prejudice_remover", "adversarial_debiasing"):
        mitigator.transform_estimator()  # Without this call these classes have no model to fit.
    return Pipeline(steps=[("bm_inprocessing", mitigator)])


#: A side prints this word after fitting.
FITTED = "fitted"

#: The number of encoded columns, which one of holisticai's classes needs as a parameter.
FEATURES = [0]


def side(which: str, name: str, adult: str, rows: int) -> dict[str, Any]:
    """Fit one side, predict with it, and return its row of the table."""
    import numpy as np

    from fairrun.groups import group_lookup

    data = problem(adult)
    train, test = data.splits["train"], data.splits["test"]
    protected = data.spec.protected[0]
    lookup = group_lookup(train.frame, protected)
    codes = lookup.groups(test.frame)
    if which == "ours":
        fitted, ask, n_bytes = fit_ours(name, train, test, protected)
    else:
        fitted, ask, n_bytes = fit_theirs(name, train, test, lookup)
    print(FITTED, file=sys.stderr, flush=True)
    batch, probability = ask(slice(None))
    probability = None if probability is None else probability[:rows]
    alone = np.full(rows, -1)
    for row in range(rows):
        try:
            alone[row] = int(ask(slice(row, row + 1))[0][0])
        except Exception:  # noqa: S112 - holisticai raises many classes; the row stays -1
            continue
    return {
        "rows": rows,
        "fit_seconds": fitted,
        "kilobytes": n_bytes / 1024,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "batch": measured(test.label[:rows], batch[:rows], probability, codes[:rows]),
        "alone": measured(test.label[:rows], alone, None, codes[:rows]),
        "raised": float(np.mean(alone < 0)),
        "changed": float(np.mean(alone != batch[:rows])),
    }


def fit_ours(name: str, train: Any, test: Any, protected: Any) -> tuple[float, Any, int]:
    """Fit FairClassifier; return seconds, a function that predicts test rows, and bytes."""
    from fairrun.inference import save_model
    from fairrun.training import FairClassifier

    started = time.process_time()
    model = FairClassifier(protected, mitigator=name).fit(train.frame, train.label).inference_
    fitted = time.process_time() - started
    with tempfile.TemporaryDirectory() as folder:
        save_model(model, folder)
        n_bytes = sum(path.stat().st_size for path in Path(folder).iterdir())

    def ask(rows: slice) -> tuple[Any, Any]:
        answers = model.predict(test.frame.iloc[rows])
        return answers["prediction"].to_numpy(), answers["probability"].to_numpy()

    return fitted, ask, n_bytes


def fit_theirs(name: str, train: Any, test: Any, lookup: Any) -> tuple[float, Any, int]:
    """Fit holisticai's pipeline; return seconds, a function that predicts rows, and bytes."""
    import cloudpickle
    import numpy as np
    import pandas as pd

    from fairrun.training import fit_encoder

    features = [column for column in train.frame if column != lookup.column]
    encoder = fit_encoder(train.frame[features])
    FEATURES[0] = len(encoder.encoded_names)

    def encoded(rows: Any) -> tuple[Any, dict[str, Any]]:
        matrix = pd.DataFrame(encoder.encode(rows), columns=encoder.encoded_names)
        codes = lookup.groups(rows)
        return matrix, {"bm__group_a": codes == 0, "bm__group_b": codes == 1}

    X, groups = encoded(train.frame)
    fitted_pipeline = pipeline(name)
    started = time.process_time()
    if name == "none":
        fitted_pipeline.fit(X, train.label)
    else:
        fitted_pipeline.fit(X, pd.Series(train.label), **groups)
    fitted = time.process_time() - started
    try:
        n_bytes = len(cloudpickle.dumps(fitted_pipeline))
    except Exception:  # Some of holisticai's pipelines cannot be saved.
        n_bytes = 0

    def ask(rows: slice) -> tuple[Any, Any]:
        X, groups = encoded(test.frame.iloc[rows])
        told = {} if name == "none" else groups
        labels = np.asarray(fitted_pipeline.predict(X, **told)).ravel()
        try:
            probability = np.asarray(fitted_pipeline.predict_proba(X, **told))[:, 1]
        except Exception:  # A pipeline with a post-processor has no probabilities.
            probability = None
        return labels, probability

    return fitted, ask, n_bytes


def measured(label: Any, predicted: Any, probability: Any, codes: Any) -> dict[str, float]:
    """Return the metrics of the table; NaN for a metric that a side does not have."""
    import numpy as np
    from sklearn.metrics import roc_auc_score

    known = predicted >= 0
    label, predicted, codes = label[known], predicted[known], codes[known]

    def rate(group: int, *, of: int | None = None) -> float:
        mine = codes == group if of is None else (codes == group) & (label == of)
        return float(predicted[mine].mean()) if mine.any() else float("nan")

    by_label = [rate(0, of=value) - rate(1, of=value) for value in (0, 1)]
    auc = float("nan")
    if probability is not None and np.isfinite(probability).all():
        auc = float(roc_auc_score(label, probability))
    with np.errstate(divide="ignore", invalid="ignore"):
        impact = float(np.float64(rate(0)) / rate(1))
    values = (
        float(np.mean(label == predicted)) if known.any() else float("nan"),
        auc,
        impact,
        rate(0) - rate(1),
        by_label[1],
        (by_label[0] + by_label[1]) / 2,
    )
    return dict(zip(METRICS, values, strict=True))


def in_a_process(which: str, name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Measure one side in its own process; if it fails, `failed` in the result says why."""
    found = _measured_on(options.rows, which, name, options)
    if found.get("failed") and found.pop("fitted", False):
        again = _measured_on(options.rows // 10, which, name, options)
        found = found if again.get("failed") else again
    return {"method": name, "side": which} | found


def _measured_on(rows: int, which: str, name: str, options: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, __file__, "--adult", options.adult, "--rows", str(rows)]
    limit = options.limit
    try:
        done = subprocess.run(
            [*command, "--limit", str(limit), "--side", which, name],
            capture_output=True,
            text=True,
            timeout=20 * limit,  # for a side that only waits
            check=False,
            cwd=ROOT,
        )
    except subprocess.TimeoutExpired as ended:
        fitted = FITTED.encode() in (ended.stderr or b"").splitlines()
        return {"failed": f"not done in {20 * limit} s", "fitted": fitted}
    said = done.stderr.strip().splitlines() or ["no message"]
    if done.returncode == -signal.SIGXCPU:
        return {"failed": f"not done in {limit} s", "fitted": FITTED in said}
    if done.returncode:
        return {"failed": f"raises {said[-1].partition(':')[0]}"}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def main() -> None:
    """Measure all sides, or print the results of one side as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--adult", required=True)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--limit", type=int, default=300)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--kept", type=Path, help="a folder that keeps what is done")
    parser.add_argument("--side", nargs=2, help=argparse.SUPPRESS)
    add_save(parser)
    options = parser.parse_args()
    if options.side:
        warnings.simplefilter("ignore")
        resource.setrlimit(resource.RLIMIT_CPU, (options.limit, options.limit + 10))
        print(json.dumps(side(*options.side, options.adult, options.rows)))
        return

    from fairrun.training.mitigation import MITIGATORS

    measurement = Measurement(CODE, packages=["fairlearn"])
    sides = [
        (name, which)
        for name in options.only or MITIGATORS
        for which in ("theirs", "ours")
        if which == "ours" or name in THEIRS or name == "none"
    ]
    found = []
    for name, which in sides:
        kept = None
        if options.kept:
            kept = options.kept / f"{name}-{which}-{options.rows}-{measurement.code_digest}.json"
        if kept is not None and kept.exists():
            found.append(json.loads(kept.read_text()))
            continue
        print(f"{name}, {which}", file=sys.stderr, flush=True)
        found.append(in_a_process(which, name, options))
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(found[-1]))
    print(table_of(found, options.rows))
    if options.save:
        measurement.save("mitigators_on_adult", found, n_rows=options.rows)


def table_of(found: list[dict[str, Any]], rows: int) -> str:
    """Lay the table out, in Markdown."""
    header = ["method", "asked", *METRICS, "changed", "fit s", "peak MB", "saved kB"]
    lines = [header, [":---"] * 2 + ["---:"] * (len(header) - 2)]
    for each in found:
        lines.extend(lines_of(each, rows))
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def lines_of(found: dict[str, Any], rows: int) -> list[list[str]]:
    """Return the lines of one side: for the batch and for single rows, or one line for both."""
    name = found["method"]
    who = {"theirs": "holisticai", "ours": "fairrun"}[found["side"]]
    if found.get("failed"):
        return [[f"`{name}`", f"{who}: {found['failed']}", *[""] * (len(METRICS) + 4)]]
    if found["rows"] != rows:
        who += f" ({found['rows']} rows)"
    cost = [f"{found['fit_seconds']:.1f}", f"{found['megabytes']:,.0f}"]
    cost.append(f"{found['kilobytes']:,.0f}" if found["kilobytes"] else "cannot be pickled")
    changed = f"{100 * found['changed']:.1f} %"
    if found["raised"]:
        changed += f" ({100 * found['raised']:.1f} % raise)"
    if not found["changed"]:
        return [[f"`{name}`", f"{who}, either way", *_numbers(found["batch"]), "0", *cost]]
    return [
        [f"`{name}`", f"{who}, a batch", *_numbers(found["batch"]), "", *cost],
        ["", f"{who}, one by one", *_numbers(found["alone"]), changed, "", "", ""],
    ]


def _numbers(metrics: dict[str, Any]) -> list[str]:
    cells = []
    for name, value in metrics.items():
        digits = 2 if name == "disparate_impact" else 3
        number = float("nan") if value is None else float(value)
        is_difference = name == "statistical_parity" or name.endswith("_difference")
        sign = "+" if is_difference and round(number, digits) else ""
        cells.append("" if number != number else f"{number:{sign}z.{digits}f}")
    return cells


if __name__ == "__main__":
    main()
