"""The sections of a model card about the model itself: its use, origin, policy and serving."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from shlex import quote

from fairrun.pages.card_blocks import Answer, CardSection, Command, Items, Pairs, Text
from fairrun.pages.facts import ModelFacts
from fairrun.pages.statements import STATEMENTS
from fairrun.text import shortened
from fairrun.training.mitigation import MITIGATORS

__all__ = ["answer", "details", "intended_use", "policy", "serving"]

#: The owners of the parameters of a run of training, in the order of the card.
_OWNERS = {
    "mitigator": "Parameters of the mitigator",
    "estimator": "Parameters of the estimator",
    "model": "Parameters of the input",
    "data": "Parameters of the data",
}
#: Parameters that the card says elsewhere, or that repeat a name.
_ELSEWHERE = {
    *("data.name", "data.target", "data.positive", "data.privileged", "data.unprivileged"),
    *("mitigator.name", "estimator.name", "mitigator.constraint_checked"),
}
#: The first characters of a digest suffice to tell two apart.
_DIGEST = 16


def answer(facts: ModelFacts, key: str, title: str) -> Answer:
    """Return what a person said, or a place for it."""
    return Answer(title, key, STATEMENTS[key], facts.statements.get(key))


def intended_use(facts: ModelFacts) -> CardSection:
    """Return the section about what the model is for, and what it is not for."""
    origin = facts.origin
    return CardSection(
        "Use",
        "use",
        (
            answer(facts, "summary", "What it decides"),
            Text(
                f"The model predicts whether {origin.target} is “{shortened(origin.positive)}”, "
                "which is the favourable label."
            ),
            answer(facts, "intended_use", "Intended use"),
            answer(facts, "out_of_scope", "Out of scope"),
            answer(facts, "affected", "Who is affected"),
            answer(facts, "oversight", "Human oversight"),
            answer(facts, "owner", "Owner"),
            answer(facts, "contact", "Complaints"),
        ),
    )


def details(facts: ModelFacts) -> CardSection:
    """Return the section about where the model comes from."""
    origin = facts.origin
    rows = [
        ("Model", origin.model),
        ("Mitigator", "none" if facts.without_mitigation else origin.mitigator),
        ("Estimator", facts.estimator or "not known"),
        ("Run of training", facts.training_run or "not in this tracking store"),
        ("Run of this evaluation", origin.run_id),
        ("Commit of training", facts.commit or "not known"),
        ("Commit of this evaluation", origin.commit or "not known"),
        ("Data of training", _data_of_training(facts)),
        ("Digest of the measured rows", origin.digest),
        *_parameters(facts.parameters),
        ("Packages of training", _lock(facts.lock_digest)),
        ("Packages of this evaluation", _listed(origin.versions)),
    ]
    if math.isfinite(facts.model_bytes):
        rows.append(("Size", f"{facts.model_bytes / 1000:,.0f} kB"))
    inputs = [
        f"{each['name']} ({each['type']}{'' if each['role'] == 'feature' else ', ' + _role(each)})"
        for each in facts.columns
    ]
    if inputs:
        rows.append(("Input columns", ", ".join(inputs)))
    return CardSection(
        "Model",
        "model",
        (
            answer(facts, "licence", "Licence"),
            Pairs(tuple(rows)),
            Command("To repeat this evaluation, type in the folder of fairrun:", origin.command),
        ),
    )


def _role(column: Mapping[str, str]) -> str:
    return {"protected": "protected", "row_key": "identifies the row"}.get(
        column["role"], column["role"]
    )


def _data_of_training(facts: ModelFacts) -> str:
    """Return the name, the digest, and the numbers of rows of the data of training."""
    name, digest = facts.dataset, facts.training_digest
    source = f", from {facts.source}" if facts.source and facts.source != name else ""
    sizes = {split: facts.rows_of(split) for split in ("train", "validation")}
    known = [f"{split} {n:,.0f}" for split, n in sizes.items() if n is not None]
    said = [f"{name}{source}"]
    said += [f"digest of the training rows {digest}"] if digest else []
    said += [f"rows: {', '.join(known)}"] if known else []
    return "; ".join(said)


def _parameters(parameters: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the parameters by their owner, with those that were left out on purpose missing."""
    found = []
    for owner, title in _OWNERS.items():
        of_owner = [
            f"{name.partition('.')[2]}={value}"
            for name, value in parameters.items()
            if name.startswith(f"{owner}.") and name not in _ELSEWHERE
        ]
        if of_owner:
            found.append((title, ", ".join(of_owner)))
    return found


def _lock(digest: str) -> str:
    if not digest:
        return "not known"
    return f"requirements.txt with SHA-256 {digest[:_DIGEST]}…"


def _listed(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items()) or "not known"


def policy(facts: ModelFacts) -> CardSection:
    """Return the section about what the model does with the protected columns."""
    said = _training_policy(facts)
    names = " and ".join(column.name for column in facts.evaluation.counts.columns)
    if name := facts.protected_input:
        said += [
            f"Prediction: the model reads {name}. Two people who differ in nothing but {name} can "
            "get different answers. Whether a law allows this (disparate treatment) is not said "
            "here.",
            f"Each request must have the column {name}. Its value may be missing or unknown: such "
            "a row is answered by a neutral rule, which takes no group's side.",
        ]
    elif facts.reads_group is False:
        said.append(
            f"Prediction: the model does not read {names}, and no request needs it. Other columns "
            "may tell the groups apart."
        )
    else:
        said.append("Prediction: it is not known which columns the model reads.")
    if facts.is_randomised:
        said.append(
            "The rule is randomised: near a threshold, chance decides. The same row always gets "
            "the same answer."
        )
    elif facts.is_randomised is False:
        said.append("The rule is not randomised.")
    return CardSection(
        "Policy for the protected columns",
        "policy",
        (Items(tuple(said)), answer(facts, "protected_policy", "Why they are used")),
    )


def _training_policy(facts: ModelFacts) -> list[str]:
    """Return whether training used the protected column, in a list of one sentence."""
    column, mitigator = facts.trained_for, facts.origin.mitigator
    steps = [] if facts.without_mitigation else mitigator.split("+")
    uses = [name for name in steps if name not in MITIGATORS or MITIGATORS[name].group_at_fit]
    if not uses:
        return [f"Training: {column} was not used. No protected column is a feature."]
    return [
        f"Training: {' and '.join(uses)} used {column} to compare groups. No protected column is a "
        "feature."
    ]


def serving(facts: ModelFacts) -> CardSection:
    """Return the section about how the model is asked."""
    uri = facts.origin.model
    start = facts.origin.command.partition(" -e ")[0]
    python = f"import mlflow\n\nmlflow.pyfunc.load_model({json.dumps(uri)}).predict(rows)"
    return CardSection(
        "How to serve it",
        "serve",
        (
            Text(
                "Set MLFLOW_TRACKING_URI to the store that has the model. The model takes raw rows "
                "with the input columns above, and answers each with a label (prediction), the "
                "score (probability) and the probability of label 1 under its rule "
                "(decision_probability)."
            ),
            Command("With fairrun's app:", f"{start} -e serve -P {quote(f'model={uri}')}"),
            Command(
                "With MLflow's server:",
                f"mlflow models serve -m {quote(uri)} --port 5001 --env-manager local",
            ),
            Command("In Python:", python, "python"),
        ),
    )
