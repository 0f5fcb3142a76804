"""What a user says about a table of decisions that some other system made."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from fairrun.data.addresses import refuse_secrets
from fairrun.data.read_options import ReadOptions
from fairrun.data.request import KNOWN_DATASETS, DataRequest, is_preprocessed, resolve_spec
from fairrun.data.spec import DatasetSpec
from fairrun.data.where import parse_where
from fairrun.documents import is_yaml
from fairrun.errors import RequestError

__all__ = ["DecisionsRequest", "ScoreScale", "has_spec", "resolve_decisions"]

ScoreScale = Literal["probability", "log_odds"]

#: The target of the spec of a table whose decisions a model makes, if it has no labels.
_ANSWER = "prediction"


@dataclass(frozen=True)
class DecisionsRequest:
    """The user's parameters about a table of decisions; None stands for one that was not given.

    Attributes
    ----------
    data : str
        A file, folder, URL, database or YAML spec, `census` or `adult`; see `DataRequest`.
    prediction : str or None
        The column with the decisions: two values.
    score : str or None
        The column with the scores. With `threshold`, and without `prediction`, the decisions are
        computed from it.
    score_scale : {"probability", "log_odds"}
        What the scores are. Log-odds are turned into probabilities.
    target, positive : str or None
        The column with the true labels, and its favourable value.
    favourable : str or None
        The favourable value of the decisions. By default it is `positive`, if that is one of them,
        or the favourable one of a known pair, such as 1 and 0, or approved and rejected.
    threshold : float or None
        The decision is favourable for scores of at least this number, on the scale of the scores.
        Of a model, it is the threshold for the probabilities that it answers.
    weight, cluster : str or None
        The columns with the weight and the cluster of each row.
    where : str or None
        Which rows are audited; see `parse_where`.
    protected, privileged, unprivileged
        The protected columns and their groups; see `DataRequest`.
    drop : sequence of str or None
        Columns in which a search of subgroups does not look, such as identifiers and what came
        after the decision; by default those of the dataset spec.
    types, max_dropped, na_values, sensitive, read
        See `DatasetSpec`. `max_dropped` limits the share of rows that are left out because they
        have no decision, score or label.

    Raises
    ------
    RequestError
        If two parameters contradict each other, a column has two roles, `where` cannot be read, or
        `data` is a run or a URL with a password.
    """

    data: str
    prediction: str | None = None
    score: str | None = None
    score_scale: ScoreScale = "probability"
    target: str | None = None
    positive: str | None = None
    favourable: str | None = None
    threshold: float | None = None
    weight: str | None = None
    cluster: str | None = None
    where: str | None = None
    protected: Sequence[str] | None = None
    privileged: Sequence[str] | None = None
    unprivileged: Sequence[str] | None = None
    types: Mapping[str, str] | None = None
    max_dropped: float | None = None
    na_values: Sequence[str] | None = None
    drop: Sequence[str] | None = None
    sensitive: bool | None = None
    read: ReadOptions | None = None

    def __post_init__(self) -> None:
        refuse_secrets(self.data)
        if is_preprocessed(self.data):
            raise RequestError(
                f"data={self.data} is a run, and an audit takes a table with decisions; give the "
                "table, or measure a model on the data of a run with evaluate"
            )
        if self.score_scale not in ("probability", "log_odds"):
            raise RequestError(
                f"score_scale={self.score_scale} is not known; give probability or log_odds"
            )
        if self.threshold is not None:
            if not math.isfinite(self.threshold):
                raise RequestError(f"threshold={self.threshold:g} is not possible; give a number")
            if self.prediction is not None:
                raise RequestError(
                    f"prediction={self.prediction} and threshold={self.threshold:g} both say what "
                    "was decided; give prediction, or score and threshold"
                )
            if self.score_scale == "probability" and not 0 <= self.threshold <= 1:
                raise RequestError(
                    f"threshold={self.threshold:g} is no probability; give one from 0 to 1, or "
                    "score_scale=log_odds if the scores are log-odds"
                )
        if self.where is not None:
            parse_where(self.where)
        _check_roles(self.roles)

    @property
    def roles(self) -> dict[str, list[str]]:
        """The columns that each parameter names."""
        single = {
            "prediction": self.prediction,
            "score": self.score,
            "target": self.target,
            "weight": self.weight,
            "cluster": self.cluster,
        }
        named = {role: [] if name is None else [name] for role, name in single.items()}
        return named | {"protected": list(self.protected or ())}

    @property
    def is_labelled(self) -> bool:
        """Whether the rows have true labels, as a parameter, a known data set or a spec says."""
        return self.target is not None or has_spec(self.data)

    def check_decided(self, *, by_model: bool = False) -> None:
        """Raise RequestError unless exactly one parameter says what was decided.

        Parameters
        ----------
        by_model : bool
            Whether the answers of a model are audited.
        """
        if by_model:
            said = [name for name in ("prediction", "score") if getattr(self, name) is not None]
            if said:
                raise RequestError(
                    f"model and {said[0]} were given; give model to audit its answers, or leave it "
                    "out to audit the decisions in the data"
                )
        elif self.score is None and self.threshold is not None:
            raise RequestError(
                f"threshold={self.threshold:g} needs score=COLUMN, whose scores of at least "
                f"{self.threshold:g} are favourable decisions"
            )
        elif self.prediction is None and self.score is None:
            raise RequestError(
                "nothing says what was decided; give prediction=COLUMN with the decisions, or "
                "score=COLUMN with threshold=NUMBER, or model=URI"
            )
        elif self.prediction is None and self.threshold is None:
            raise RequestError(
                f"score={self.score} alone does not say what was decided; give threshold=NUMBER "
                "(scores of at least this number are favourable), or prediction=COLUMN"
            )
        # Of a model, it is the favourable answer.
        if self.positive is not None and not (by_model or self.is_labelled):
            raise RequestError(
                f"positive={self.positive} needs target=COLUMN with the true labels; give "
                "favourable for the decisions"
            )

    def for_rule(self, *, by_model: bool = False) -> DecisionsRequest:
        """Return the request for rows on which a rule from scores to labels is fitted.

        Without `prediction` and `threshold`, the decisions before the rule are those of scores of
        at least 0.5, or of log-odds of at least 0.

        Parameters
        ----------
        by_model : bool
            Whether the scores are the answers of a model.

        Raises
        ------
        RequestError
            If there are no scores or no true labels, or two parameters contradict each other.
        """
        if not by_model and self.score is None:
            raise RequestError(
                "there are no scores to fit a rule on; give score=COLUMN, or model=URI"
            )
        if self.target is None and not has_spec(self.data):
            raise RequestError(
                "a rule is fitted on true labels; give target=COLUMN with them, and positive=VALUE"
            )
        request = self
        if not by_model and self.prediction is None and self.threshold is None:
            middle = 0.5 if self.score_scale == "probability" else 0.0
            request = replace(self, threshold=middle)
        request.check_decided(by_model=by_model)
        return request


def resolve_decisions(request: DecisionsRequest) -> tuple[DecisionsRequest, DatasetSpec]:
    """Return the request with the roles of a known data set or YAML spec, and the spec."""
    decided = request.prediction or request.score or _ANSWER
    known = has_spec(request.data)
    spec = resolve_spec(
        DataRequest(
            request.data,
            target=request.target or (None if known else decided),
            positive=request.positive or (None if known else request.favourable or "1"),
            protected=request.protected,
            privileged=request.privileged,
            unprivileged=request.unprivileged,
            types=request.types,
            max_dropped=request.max_dropped,
            na_values=request.na_values,
            drop=request.drop,
            weight=request.weight,
            cluster=request.cluster,
            sensitive=request.sensitive,
            read=request.read,
        )
    )
    request = replace(
        request,
        target=spec.target if known else request.target,
        positive=spec.positive if known else request.positive,
        weight=spec.weight,
        cluster=spec.cluster,
        protected=[each.column for each in spec.protected],
        privileged=[each.texts[0] for each in spec.protected],
        unprivileged=[each.texts[1] for each in spec.protected],
    )
    return request, spec


def _check_roles(roles: Mapping[str, Sequence[str]]) -> None:
    taken: dict[str, str] = {}
    for role, names in roles.items():
        for name in names:
            if name in taken:
                both = f"{taken[name]} and {role}" if taken[name] != role else f"{role} twice"
                raise RequestError(f"the column {name!r} is {both}; give another column for one")
            taken[name] = role


def has_spec(data: str) -> bool:
    """Return whether `data` says itself what its columns are: a known data set or a YAML spec."""
    return data in KNOWN_DATASETS or is_yaml(data)
