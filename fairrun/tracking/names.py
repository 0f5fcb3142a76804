"""All names that fairrun writes to MLflow's tracking store: tags, parameters, metrics, artifacts.

No other file contains these names. A name is never changed, or the old one is read as well, because
runs of earlier versions have it.
"""

from __future__ import annotations

__all__ = [
    "ALIAS_CHALLENGER",
    "ALIAS_CHAMPION",
    "ALTERNATIVES",
    "ALTERNATIVES_CSV",
    "ANNEX_IV",
    "ANNEX_IV_PAGE",
    "AUDIT",
    "BIAS_METRICS",
    "CARD_MISSING",
    "CARD_USE",
    "CHECK_COLUMNS",
    "CHECK_FINDINGS",
    "CHECK_GATE",
    "CHECK_LABELS",
    "CHECK_PAGE",
    "CHECK_PLAN",
    "CHOSEN",
    "COMPARED",
    "COMPARED_RANK",
    "COMPARISON",
    "COMPARISON_PAGE",
    "CONFUSION",
    "CONSTRAINT",
    "CONSTRAINT_KEPT",
    "CONSTRAINT_PROBABILITY",
    "COUNTS",
    "DATA",
    "DATASET_DIGEST",
    "DATASET_NAME",
    "DATA_NOTES",
    "DRAFT_SPEC",
    "EFFECT",
    "ESTIMATOR",
    "EXIT_CODE",
    "EXPLANATION",
    "EXPLANATIONS",
    "FINDINGS",
    "FINISHED_BY",
    "FIT_SECONDS",
    "FRONTIER",
    "FRONTIER_DIFFERENCES",
    "GATE",
    "GATE_VERDICT",
    "HISTORY",
    "HISTORY_FILES",
    "HISTORY_FINDINGS",
    "IMPORTANCE",
    "LABEL_GROUP_COUNTS",
    "LOCK",
    "LOOKED_MODELS",
    "LOOKS",
    "MEASURED_DIGEST",
    "MEASURED_MODEL",
    "MEASURED_ROWS",
    "METADATA",
    "MITIGATOR",
    "MODEL_BYTES",
    "MODEL_CARD",
    "MODEL_CARD_PAGE",
    "MODEL_NAME",
    "MOVE_FILES",
    "NOT_WORSE",
    "N_FINDINGS",
    "PLOTS",
    "PREDICT_SECONDS",
    "PROCESS_HOST",
    "PROCESS_ID",
    "PROCESS_START",
    "PROMOTION",
    "PROMOTION_ENTRY",
    "PROMOTION_PAGE",
    "PROMOTION_REASONS",
    "PROMOTION_RUN",
    "PROTECTED",
    "RANDOMISED",
    "READS_GROUP",
    "RECOMMENDED",
    "RECOMMENDED_RUN",
    "REFERENCE",
    "REGISTRY_DIGEST",
    "REGISTRY_EXPERIMENT",
    "REGISTRY_NAME",
    "REPORT",
    "ROWS",
    "ROWS_DROPPED",
    "RUN_VARIABLE",
    "SCORES",
    "SPEC",
    "STAGE",
    "SWEEP",
    "SWEEP_ALTERNATIVE",
    "SWEEP_BASELINE",
    "SWEEP_BECAUSE",
    "SWEEP_CHOSEN",
    "SWEEP_CHOSEN_RUN",
    "SWEEP_CHOSEN_TRIAL",
    "SWEEP_CONSTRAINT",
    "SWEEP_EXPERIMENT",
    "SWEEP_FRONTIER",
    "SWEEP_METHOD",
    "SWEEP_MODEL",
    "SWEEP_NOTES",
    "SWEEP_OBJECTIVE",
    "SWEEP_PAGE",
    "SWEEP_PARAMETERS",
    "SWEEP_REACHABLE",
    "SWEEP_REASON",
    "SWEEP_REGISTERED",
    "SWEEP_RESUMES",
    "SWEEP_RULE",
    "SWEEP_STATE",
    "SWEEP_TRIAL",
    "SWEEP_TRIVIAL",
    "TRIALS",
    "TRIAL_SECONDS",
    "VERSION_CARD",
    "VERSION_EVALUATED",
    "VERSION_REFERENCE",
    "parameter",
    "run_name",
]

#: `mlflow run` sets this variable to the run that it has opened for its command. MLflow deletes it
#: when the command opens the run.
RUN_VARIABLE = "MLFLOW_RUN_ID"
#: The name of a logged model. Its URI is therefore `runs:/<run id>/model`.
MODEL_NAME = "model"
#: The key of fairrun's entry in the metadata of a logged model.
METADATA = "fairrun"
#: The mitigator's constraint as the text of a gate: a parameter of the run and a key of that entry.
CONSTRAINT = "constraint_checked"
#: Further keys: the model whose scores a rule takes, by URI and by id, the scale of the scores, and
#: why the test rows cannot be read again.
SCORES_OF = "scores_of"
SCORES_OF_ID = "scores_of_id"
SCORE_SCALE = "score_scale"
NOT_AGAIN = "rows_not_again"
#: A further key: the digest of the file that pins the packages with which the model was trained.
LOCK = "lock_sha256"

# Tags of every run: the process that works on it, and the exit code of the command of `mlflow run`.
PROCESS_HOST = "process.host"
PROCESS_ID = "process.id"
PROCESS_START = "process.start"
EXIT_CODE = "process.exit_code"

# Tags of runs with one model.
MITIGATOR = "mitigator"
STAGE = "mitigator.stage"
READS_GROUP = "mitigator.reads_group"
RANDOMISED = "mitigator.randomised"
ESTIMATOR = "estimator"
#: The first protected column.
PROTECTED = "protected"
DATASET_NAME = "dataset.name"
#: The digest of the training rows.
DATASET_DIGEST = "dataset.digest"
#: The verdict of the gate; a registered version has this tag too.
GATE_VERDICT = "fairness.gate"
#: The rows of an evaluation: "test" for the test split, or "evaluation" for other rows.
MEASURED_ROWS = "evaluated.rows"
#: The digest of the evaluated test split, and the model, by which evaluations are counted.
MEASURED_DIGEST = "evaluated.digest"
MEASURED_MODEL = "evaluated.model"
#: How many evaluations this test split has had so far, with this one, and of how many models.
LOOKS = "evaluated.looks"
LOOKED_MODELS = "evaluated.looks_models"
#: The mitigators that `main` compared.
COMPARED = "compared"
#: For the run of `main`: the mitigator and the training run of the recommended model. For the runs
#: of its models: the rank.
RECOMMENDED = "compared.recommended"
RECOMMENDED_RUN = "compared.recommended_run_id"
COMPARED_RANK = "compared.rank"

#: Whether the rows show that the mitigator's constraint is kept: kept, not shown or not kept.
CONSTRAINT_KEPT = "mitigation.constraint"
#: What the mitigator does: below majority, worse than none, no different from none, or changed.
EFFECT = "mitigation.effect"

# Tags of a sweep and of its trials.
SWEEP_METHOD = "sweep.method"
SWEEP_OBJECTIVE = "sweep.objective"
SWEEP_RESUMES = "sweep.resumes"
SWEEP_TRIAL = "sweep.trial"
SWEEP_PARAMETERS = "sweep.parameters"
SWEEP_STATE = "sweep.state"
SWEEP_REASON = "sweep.reason"
SWEEP_NOTES = "sweep.notes"
#: The URI of the model, for the run of a trial.
SWEEP_MODEL = "sweep.model"
#: Whether a trial is on the frontier, and whether it was chosen, for the run of a trial.
SWEEP_FRONTIER = "sweep.frontier"
SWEEP_CHOSEN = "sweep.chosen"
#: The number of the chosen trial, the rule of the choice, the choice in words, and whether the
#: chosen trial is trivial, for the run of a sweep. A resumed sweep can change them.
SWEEP_CHOSEN_TRIAL = "sweep.chosen_trial"
SWEEP_RULE = "sweep.rule"
SWEEP_BECAUSE = "sweep.chosen_because"
SWEEP_TRIVIAL = "sweep.chosen_is_trivial"
#: The run of the chosen trial, for the run of a sweep and for a registered version.
SWEEP_CHOSEN_RUN = "sweep.chosen_run_id"
#: The verdict of the constraint for the chosen trial, on the validation rows.
SWEEP_CONSTRAINT = "sweep.constraint"
#: Whether the validation rows are enough to show that any trial meets the constraint.
SWEEP_REACHABLE = "sweep.constraint_reachable"
#: The trial with which a sweep compares the others, and the trial that is shown to be a less
#: discriminatory alternative to it, or "not shown".
SWEEP_BASELINE = "sweep.baseline_trial"
SWEEP_ALTERNATIVE = "sweep.alternative_trial"
#: The id of the experiment of the trials, for the run of a sweep that gave them one of their own.
SWEEP_EXPERIMENT = "sweep.trials_experiment"
#: The URI of the registered version of the chosen model.
SWEEP_REGISTERED = "sweep.registered"

# The registry: aliases, and the history of promotions of a registered model.
ALIAS_CHAMPION = "champion"
ALIAS_CHALLENGER = "challenger"
#: The experiment of the registry runs. A registry run has the entries of the history of one
#: registered model as parameters, because MLflow never changes the value of a parameter.
REGISTRY_EXPERIMENT = "fairrun registry"
#: Tags of a registry run: the name of the registered model, and its SHA-256, which a filter can
#: hold whatever the name is.
REGISTRY_NAME = "registry.name"
REGISTRY_DIGEST = "registry.name_digest"
#: The folder of a registry run with a copy of each entry, a file for each.
HISTORY_FILES = "history"
#: The folder of a run that promotes, with the decision if it is too long for an entry.
MOVE_FILES = "promotion"
#: The tag of a run that was stopped: the run that has finished what it had decided.
FINISHED_BY = "promotion.finished_by"
# Tags of a registered version: what the last decision about it was ("promoted", "refused",
# "insufficient evidence", "rolled back to" or "rolled back from"), the number and digest of its
# entry in the history, the run that decided, and its reasons.
PROMOTION = "promotion"
PROMOTION_ENTRY = "promotion.entry"
PROMOTION_RUN = "promotion.run_id"
PROMOTION_REASONS = "promotion.reasons"
#: Tags of a version: the run of the evaluation of its test rows, and the URIs of its model card and
#: of its reference for monitoring.
VERSION_EVALUATED = "evaluated.run_id"
VERSION_CARD = "model_card"
VERSION_REFERENCE = "monitoring.reference"

# Tags of an evaluation with a model card: how many answers of people it lacks, and the intended
# use.
CARD_MISSING = "model_card.missing"
CARD_USE = "model_card.intended_use"

# Metrics in addition to those of `fairrun.metrics`.
#: The probability that the mitigator's constraint holds for new rows.
CONSTRAINT_PROBABILITY = "constraint_kept_probability"
FIT_SECONDS = "fit_seconds"
PREDICT_SECONDS = "predict_seconds"
MODEL_BYTES = "model_bytes"
TRIAL_SECONDS = "trial_seconds"
#: The name of a split follows.
ROWS = "n_rows_"
ROWS_DROPPED = "n_rows_dropped"
#: What stands before the slash of a metric of the explanations.
EXPLANATION = "explanation"
#: The number of findings of a check.
N_FINDINGS = "n_findings"

# Artifacts. Names of tables are without the ending `.json`.
SPEC = "dataset.json"
DATA = "data"
DATA_NOTES = "data_notes.json"
COUNTS = "counts.json"
SCORES = "score_histogram.json"
BIAS_METRICS = "bias_metrics"
CONFUSION = "confusion_matrices"
FRONTIER = "threshold_frontier"
BEFORE_AFTER = "before_after"
GATE = "gate"
LABEL_GROUP_COUNTS = "label_group_counts"
COMPARISON = "comparison"
COMPARISON_PAGE = "comparison.html"
#: The comparison of a candidate with a champion, and the page of a promotion.
NOT_WORSE = "not_worse"
PROMOTION_PAGE = "promotion.html"
TRIALS = "trials"
CHOSEN = "chosen"
#: The differences of the models of a sweep's frontier to the chosen one.
FRONTIER_DIFFERENCES = "frontier_differences"
#: The candidates for a less discriminatory alternative: a table and a plot, and the table as CSV.
ALTERNATIVES = "alternatives"
ALTERNATIVES_CSV = "audit/less_discriminatory_alternatives.csv"
IMPORTANCE = "importance"
SWEEP = "sweep.json"
SWEEP_PAGE = "sweep.html"
REPORT = "report.html"
MODEL_CARD = "model_card.md"
MODEL_CARD_PAGE = "model_card.html"
ANNEX_IV = "annex_iv.json"
ANNEX_IV_PAGE = "annex_iv.html"
#: What monitoring compares later rows with: histograms and counts of the evaluated rows.
REFERENCE = "reference.json"
#: The table of a history of promotions, and what its check found.
HISTORY = "history"
HISTORY_FINDINGS = "history_findings"
AUDIT = "audit"
EXPLANATIONS = "explanations"
PLOTS = "plots"
#: What is wrong with the data, in the run of a model or of a comparison.
FINDINGS = "findings"
CHECK_FINDINGS = "check/findings"
CHECK_COLUMNS = "check/columns"
CHECK_LABELS = "check/label_shares"
CHECK_GATE = "check/gate"
#: How many rows would decide the terms of a gate at planned rates.
CHECK_PLAN = "check/plan"
CHECK_PAGE = "check.html"
DRAFT_SPEC = "draft_spec.yaml"


def parameter(of: str, name: str) -> str:
    """Return the name of a logged parameter: its owner, a dot, and its own name.

    `mlflow run` logs parameters of the entry point as text under names without a dot. The dot
    distinguishes both, and the names are the same for the runs of all entry points.

    Examples
    --------
    >>> parameter("mitigator", "alpha")
    'mitigator.alpha'
    """
    return f"{of}.{name}"


def run_name(what: str, mitigator: str) -> str:
    """Return the name of a run with one model.

    The mitigator comes first, so that lists of runs, which cut long names, show it.

    Examples
    --------
    >>> run_name("evaluate", "reweighing")
    'reweighing · evaluate'
    """
    return f"{mitigator} · {what}"
