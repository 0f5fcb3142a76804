"""Options for a table of decisions."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from fairrun.data import DecisionsRequest
from fairrun.entrypoints._options import Command, column_types, options_of_data, read_options
from fairrun.entrypoints._types import NumberOrAuto, given_one, listed

__all__ = ["decision_options"]

_OPTIONS: tuple[Callable[[Command], Command], ...] = (
    click.option(
        "--data",
        required=True,
        help="The table: a file (CSV, Parquet, Feather, Excel or JSON lines; also compressed, or "
        "by URL), a folder of Parquet files, the URL of a database, or a YAML spec; for the "
        "answers of a model also census or adult.",
    ),
    click.option(
        "--prediction",
        default="auto",
        help="The column with the decisions, which has two values; auto: score and threshold say "
        "what was decided.",
    ),
    click.option(
        "--favourable",
        default="auto",
        help="The favourable value of the decisions; auto: positive, if it is one of the two "
        "values, or the favourable one of a known pair, such as 1 and 0 or approved and rejected.",
    ),
    click.option(
        "--score",
        default="auto",
        help="The column with the scores, which are probabilities of the favourable value; auto: "
        "none.",
    ),
    click.option(
        "--score-scale",
        type=click.Choice(["probability", "log_odds"]),
        default="probability",
        help="What the scores are; log_odds are turned into probabilities.",
    ),
    click.option(
        "--threshold",
        type=NumberOrAuto(),
        default="auto",
        help="Scores of at least this number are favourable decisions, where there is no column "
        "with decisions. It is on the scale of the scores; auto: not needed.",
    ),
    click.option(
        "--target",
        default="auto",
        help="The column with the true labels, such as whether a loan was repaid; auto: as in the "
        "dataset spec; for a file, none: what needs labels is then not measured.",
    ),
    click.option(
        "--positive",
        default="auto",
        help="The favourable value of the target; auto: as in the dataset spec; for a file, chosen "
        "like favourable.",
    ),
    click.option(
        "--where",
        default="auto",
        help="Which rows are audited: conditions separated by semicolons, such as 'year=2025; "
        "region=North|South; age>=40; date>=2025-01-01'; auto: all.",
    ),
    *options_of_data(
        *("protected", "privileged", "unprivileged", "types", "max_dropped", "na_values"),
        *("weight", "cluster", "sensitive", "read"),
    ),
)


def decision_options(command: Command) -> Command:
    """Add the options for a table of decisions. The command gets `request: DecisionsRequest`."""

    @functools.wraps(command)
    def with_decisions(
        *,
        data: str,
        prediction: str,
        favourable: str,
        score: str,
        score_scale: str,
        threshold: float | None,
        target: str,
        positive: str,
        where: str,
        protected: str,
        privileged: str,
        unprivileged: str,
        types: str,
        max_dropped: float | None,
        na_values: str,
        weight: str,
        cluster: str,
        sensitive: str,
        read: dict[str, Any],
        **others: Any,
    ) -> int | None:
        request = DecisionsRequest(
            data=data,
            prediction=given_one(prediction),
            favourable=given_one(favourable),
            score=given_one(score),
            score_scale=score_scale,  # type: ignore[arg-type]
            threshold=threshold,
            target=given_one(target),
            positive=given_one(positive),
            where=None if where == "auto" else where,
            protected=listed(protected),
            privileged=listed(privileged),
            unprivileged=listed(unprivileged),
            types=column_types(types),
            max_dropped=max_dropped,
            na_values=listed(na_values),
            weight=given_one(weight),
            cluster=given_one(cluster),
            sensitive=None if sensitive == "auto" else sensitive == "true",
            read=read_options(read),
        )
        return command(request=request, **others)

    decorated: Command = with_decisions
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated
