"""What only a person can say about a model, from the YAML file of the parameter `card`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fairrun.documents import read_yaml
from fairrun.errors import RequestError
from fairrun.text import did_you_mean

__all__ = ["NO_STATEMENTS", "STATEMENTS", "Statements", "read_statements"]

#: The keys of the file, and what each of them answers. The documents show this where the answer is
#: missing. docs/card.yaml is a file with all of them.
STATEMENTS = {
    "name": "the name of the system that uses the model",
    "summary": "what the model decides, in two or three sentences",
    "owner": "who answers for the model, and how to reach them",
    "licence": "the licence of the model, such as Apache-2.0",
    "languages": "the languages of texts in the data, as codes such as en, de",
    "intended_use": "what the model is for, and who uses it",
    "out_of_scope": "what the model must not be used for",
    "affected": "who is affected by the decisions, and what they lose by a wrong one",
    "hardware": "the hardware that the system runs on, and the other systems that it works with",
    "instructions": "where the instructions for use are, and who gets them",
    "data_collection": "how the data were collected, when, and with which consent",
    "labelling": "who or what decided the labels, and how they were checked",
    "groups": "why these groups are compared, and where their values come from",
    "protected_policy": "why the protected columns are used, and on which legal ground",
    "special_categories": "which protected columns are special categories of personal data",
    "metric_choice": "why these metrics and limits are appropriate",
    "design": "why this method was chosen, and what was given up for it",
    "oversight": "who can stop or overrule a decision, and how",
    "risks": "the risks that remain, and how they are treated",
    "changes": "the changes that are planned and were assessed before",
    "monitoring": "who watches the model after release, how often, and what happens at an alarm",
    "cybersecurity": "how the model and its server are protected",
    "standards": "the harmonised standards that were applied",
    "declaration": "where the EU declaration of conformity is",
    "retention": "how long decisions, logs and this file are kept",
    "contact": "where people who are affected can complain",
    "signed_by": "who signs, and when",
}


@dataclass(frozen=True)
class Statements:
    """What a person said about a model.

    Attributes
    ----------
    answers : mapping of str to str
        The answers by the keys of `STATEMENTS`.
    path : str
        The path of the file as it was given; empty without one.
    """

    answers: Mapping[str, str] = field(default_factory=dict)
    path: str = ""

    def get(self, key: str) -> str:
        """Return an answer; empty if nobody gave it."""
        return self.answers.get(key, "")

    @property
    def missing(self) -> list[str]:
        """Return the keys without an answer."""
        return [key for key in STATEMENTS if not self.get(key)]


NO_STATEMENTS = Statements()


def read_statements(path: str | None) -> Statements:
    """Read the statements of people from a YAML file with the keys of `STATEMENTS`.

    Parameters
    ----------
    path : str or None
        The path of the file; None for no statements.

    Returns
    -------
    Statements

    Raises
    ------
    RequestError
        If the file cannot be read, has another key, or a value is not text.
    """
    if path is None:
        return NO_STATEMENTS
    document: Any = read_yaml(path, "card")
    example = "such as intended_use: Ranks loan applications for a clerk"
    if not isinstance(document, dict):
        raise RequestError(f"card={path} has no keys; give lines {example}")
    for key, value in document.items():
        if key not in STATEMENTS:
            known = f"the keys are {', '.join(STATEMENTS)}"
            raise RequestError(
                f"card={path} has the unknown key {key!r}; "
                + did_you_mean(str(key), STATEMENTS, known)
            )
        if isinstance(value, (dict, list)):
            raise RequestError(f"card={path}: {key} is not text; give a line {example}")
    answers = {key: str(value).strip() for key, value in document.items() if value is not None}
    return Statements(answers, path)
