"""Every name that fairrun writes to MLflow's tracking store: tags, parameters, metrics, artifacts.

No other file spells one. Runs of earlier versions are read by these names, so a name is kept for
ever, or read under both.
"""

from __future__ import annotations

__all__ = [
    "AUDIT",
    "BIAS_METRICS",
    "CHOSEN",
    "COMPARED",
    "COMPARISON",
    "CONFUSION",
    "COUNTS",
    "DATA",
    "DATASET_DIGEST",
    "DATASET_NAME",
    "ESTIMATOR",
    "EXPLANATIONS",
    "FIT_SECONDS",
    "FRONTIER",
    "GATE",
    "GATE_VERDICT",
    "IMPORTANCE",
    "LABEL_GROUP_COUNTS",
    "MEASURED_ROWS",
    "METADATA",
    "MITIGATOR",
    "MODEL_BYTES",
    "MODEL_NAME",
    "PLOTS",
    "PREDICT_SECONDS",
    "PROTECTED",
    "RANDOMISED",
    "READS_GROUP",
    "REPORT",
    "ROWS",
    "ROWS_DROPPED",
    "SCORES",
    "SPEC",
    "STAGE",
    "SWEEP",
    "SWEEP_CHOSEN",
    "SWEEP_CHOSEN_RUN",
    "SWEEP_CONSTRAINT",
    "SWEEP_FRONTIER",
    "SWEEP_MODEL",
    "SWEEP_NOTES",
    "SWEEP_PAGE",
    "SWEEP_PARAMETERS",
    "SWEEP_REASON",
    "SWEEP_REGISTERED",
    "SWEEP_RESUMES",
    "SWEEP_STATE",
    "SWEEP_TRIAL",
    "TRIALS",
    "TRIAL_SECONDS",
    "parameter",
]

#: The name of a logged model, so that `runs:/<run id>/model` is its URI.
MODEL_NAME = "model"
#: The key of what a logged model's metadata says of fairrun.
METADATA = "fairrun"

# Tags of every run that is about one model.
MITIGATOR = "mitigator"
STAGE = "mitigator.stage"
READS_GROUP = "mitigator.reads_group"
RANDOMISED = "mitigator.randomised"
ESTIMATOR = "estimator"
#: The first protected column.
PROTECTED = "protected"
DATASET_NAME = "dataset.name"
#: The digest of the rows that were fitted on.
DATASET_DIGEST = "dataset.digest"
#: The verdict of the gate; also of a registered version.
GATE_VERDICT = "fairness.gate"
#: Which rows an evaluation measured: `test`, or `evaluation` for rows that were given.
MEASURED_ROWS = "evaluated.rows"
#: The mitigators that `main` compared.
COMPARED = "compared"

# Tags of a sweep and of its trials.
SWEEP_RESUMES = "sweep.resumes"
SWEEP_TRIAL = "sweep.trial"
SWEEP_PARAMETERS = "sweep.parameters"
SWEEP_STATE = "sweep.state"
SWEEP_REASON = "sweep.reason"
SWEEP_NOTES = "sweep.notes"
#: On a trial's run, the URI of its model.
SWEEP_MODEL = "sweep.model"
#: On a trial's run, whether it is on the frontier, and whether it was chosen.
SWEEP_FRONTIER = "sweep.frontier"
SWEEP_CHOSEN = "sweep.chosen"
#: On the sweep's run and on a registered version, the run of the trial that was chosen.
SWEEP_CHOSEN_RUN = "sweep.chosen_run_id"
#: Whether the chosen trial meets the constraint on validation.
SWEEP_CONSTRAINT = "sweep.constraint"
#: The version that the chosen model was registered as.
SWEEP_REGISTERED = "sweep.registered"

# Metrics beside those of `fairrun.metrics`.
FIT_SECONDS = "fit_seconds"
PREDICT_SECONDS = "predict_seconds"
MODEL_BYTES = "model_bytes"
TRIAL_SECONDS = "trial_seconds"
#: Followed by the name of a split.
ROWS = "n_rows_"
ROWS_DROPPED = "n_rows_dropped"

# Artifacts. A table is named without its ending, `.json`.
SPEC = "dataset.json"
DATA = "data"
COUNTS = "counts.json"
SCORES = "score_histogram.json"
BIAS_METRICS = "bias_metrics"
CONFUSION = "confusion_matrices"
FRONTIER = "threshold_frontier"
GATE = "gate"
LABEL_GROUP_COUNTS = "label_group_counts"
COMPARISON = "comparison"
TRIALS = "trials"
CHOSEN = "chosen"
IMPORTANCE = "importance"
SWEEP = "sweep.json"
SWEEP_PAGE = "sweep.html"
REPORT = "report.html"
AUDIT = "audit"
EXPLANATIONS = "explanations"
PLOTS = "plots"


def parameter(of: str, name: str) -> str:
    """Name a resolved parameter: what it is a parameter of, a dot, its own name.

    `mlflow run` logs what was typed under the entry point's own names, as text. A dot keeps the two
    apart, and gives the runs of all entry points the same names.

    Examples
    --------
    >>> parameter("mitigator", "alpha")
    'mitigator.alpha'
    """
    return f"{of}.{name}"
