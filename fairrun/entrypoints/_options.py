"""Options that several entry points share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from fairrun.data import DataRequest, ReadOptions, checked_types
from fairrun.entrypoints._types import JsonObject, NumberOrAuto, given, given_one, listed
from fairrun.errors import RequestError
from fairrun.metrics import (
    MAX_DEPTH,
    MIN_CELL,
    NO_PUBLICATION,
    Publication,
    read_publication,
)
from fairrun.training import ESTIMATOR_PARAMETERS, ESTIMATORS, TrainingRequest
from fairrun.training.mitigation import MITIGATORS

__all__ = [
    "card_option",
    "column_types",
    "data_options",
    "gate_options",
    "given_option",
    "justification_option",
    "local_law_144_option",
    "membership_option",
    "min_cell_option",
    "min_frequency_option",
    "mitigator_option",
    "mitigator_params_option",
    "options_of_data",
    "publication_of",
    "purpose_option",
    "read_options",
    "subgroups_option",
    "training_options",
]

Command = Callable[..., int | None]

_DATA_OPTIONS = (
    click.option(
        "--data",
        default="census",
        help="The data: census (built-in sample data), adult, a file (CSV, Parquet, Feather, Excel "
        "or JSON lines; also compressed, or by URL), a folder of Parquet files, the URL of a "
        "database, a YAML spec, or the run id of an earlier run. census, adult, a YAML spec and a "
        "run have a dataset spec with the settings below; a file has none.",
    ),
    click.option(
        "--target",
        default="auto",
        help="The column to predict; auto: as in the dataset spec. A file needs it.",
    ),
    click.option(
        "--positive",
        default="auto",
        help="The favourable value of the target; auto: as in the dataset spec. A file needs it.",
    ),
    click.option(
        "--protected",
        default="auto",
        help="Protected columns, separated by commas, the most important first; auto: as in the "
        "dataset spec. A file needs it.",
    ),
    click.option(
        "--privileged",
        default="auto",
        help="The privileged group of each protected column, separated by commas: a value (Male), "
        "several (White|Asian), a condition (>=40) or a bin (25..40); auto: as in the dataset "
        "spec. A file needs it.",
    ),
    click.option(
        "--unprivileged",
        default="auto",
        help="The unprivileged group of each protected column, written like privileged; rest means "
        "all other values; auto: as in the dataset spec; for a file, rest.",
    ),
    click.option(
        "--drop",
        default="auto",
        help="Columns that are not features, separated by commas; none for no column; auto: as in "
        "the dataset spec; for a file, none.",
    ),
    click.option(
        "--changeable",
        default="auto",
        help="Features that a person can change, separated by commas. Only counterfactual hints "
        "use them; none for no feature; auto: as in the dataset spec; for a file, none.",
    ),
    click.option(
        "--missing",
        type=click.Choice(["auto", "drop", "keep"]),
        default="auto",
        help="Rows with a null in a feature: drop them, or keep them and impute; auto: as in the "
        "dataset spec; for a file, drop.",
    ),
    click.option(
        "--max-dropped",
        type=NumberOrAuto(),
        default="auto",
        help="The largest share of rows that may be dropped because of nulls; auto: as in the "
        "dataset spec; for a file, 0.2.",
    ),
    click.option(
        "--types",
        default="auto",
        help="The types of columns whose own type is misleading, category or number, such as "
        "zip:category,fee:number; category keeps the text of the file, such as 01; auto: as in the "
        "dataset spec; for a file, as its values look.",
    ),
    click.option(
        "--na-values",
        default="auto",
        help="Texts that mean a null, separated by commas, such as ?,n.a.; an empty cell always "
        "does; auto: as in the dataset spec; for a file, also NA, null and the like in columns "
        "of numbers.",
    ),
    click.option(
        "--weight",
        default="auto",
        help="The column with the weight of each row; auto: as in the dataset spec; for a file, "
        "none.",
    ),
    click.option(
        "--cluster",
        default="auto",
        help="The column with the cluster of each row, such as its household; auto: as in the "
        "dataset spec; for a file, none.",
    ),
    click.option(
        "--sensitive",
        type=click.Choice(["auto", "true", "false"]),
        default="auto",
        help="true stores no exact counts of an evaluation, so that its gate cannot be decided "
        "again; auto: as in the dataset spec; for a file, false.",
    ),
    click.option(
        "--read",
        type=JsonObject('{"delimiter": ";"}'),
        default="{}",
        help='How the data are read, as JSON, such as {"delimiter": ";", "decimal": ","} for a CSV '
        'file, {"sheet": "2024"} for Excel, or {"query": "SELECT * FROM people ORDER BY id"} for a '
        "database.",
    ),
    click.option(
        "--validation-size",
        type=NumberOrAuto(),
        default="auto",
        help="Share of rows for validation; auto: as in the dataset spec; for a file, 0.2.",
    ),
    click.option(
        "--test-size",
        type=NumberOrAuto(),
        default="auto",
        help="Share of rows for test; auto: as in the dataset spec; for a file, 0.2.",
    ),
    click.option(
        "--split-seed",
        type=NumberOrAuto(int),
        default="auto",
        help="Seed of the shuffle before the split; auto: as in the dataset spec; for a file, 0.",
    ),
)


def _estimator_parameters() -> dict[str, list[tuple[str, str, str, float]]]:
    """Return every parameter of an estimator, with the estimators that take it."""
    uses: dict[str, list[tuple[str, str, str, float]]] = {}
    for row in ESTIMATORS.values():
        for p in row.parameters:
            uses.setdefault(p.name, []).append((row.name, p.meaning, p.allowed, p.default))
    return uses


min_frequency_option = click.option(
    "--min-frequency",
    type=click.IntRange(min=1),
    default=5,
    help="The fewest training rows of a category with an encoded column of its own; the rarer "
    "categories of a column share one. 1 gives each category its own.",
)

min_cell_option = click.option(
    "--min-cell",
    type=click.IntRange(min=1),
    default=MIN_CELL,
    help="Numbers about fewer rows are not shown in tables, plots, pages and metrics; 1 shows all.",
)

given_option = click.option(
    "--given",
    default="none",
    help="Legitimate factors, separated by commas: groups are also compared among rows with equal "
    "values of them. A column of numbers takes bins, such as age:18..25..40; none for none.",
)

membership_option = click.option(
    "--membership",
    default="none",
    help="The column with the probability of the privileged group of the first protected column, "
    "or value:column for each value, separated by commas, for rows whose value is missing; none "
    "for none.",
)

subgroups_option = click.option(
    "--subgroups",
    type=click.IntRange(min=0, max=MAX_DEPTH),
    default=0,
    help="Search for subgroups that differ from all other rows, by the values of up to this number "
    "of columns; 0 does not search.",
)

local_law_144_option = click.option(
    "--local-law-144",
    default="none",
    help="What is published about a bias audit under Local Law 144, as JSON or the path of a YAML "
    "file. Keys, which can all be left out: date, auditor, tool, distribution_date, data "
    "(historical or test), source, explanation.",
)

_TRAINING_OPTIONS = (
    click.option(
        "--estimator",
        type=click.Choice(list(ESTIMATORS)),
        default=next(iter(ESTIMATORS)),
        help="The estimator to fit.",
    ),
    *(
        click.option(
            f"--{name.replace('_', '-')}",
            name,
            type=NumberOrAuto(),
            default="auto",
            help=" ".join(
                f"Of {row}: {meaning}, {allowed}; auto: {default:g}."
                for row, meaning, allowed, default in uses
            ),
        )
        for name, uses in _estimator_parameters().items()
    ),
    click.option(
        "--class-weight",
        type=click.Choice(["none", "balanced"]),
        default="none",
        help="balanced weights each class inversely to its frequency.",
    ),
    click.option(
        "--resample",
        type=click.Choice(["none", "over", "under"]),
        default="none",
        help="Balance the labels in training: over repeats rows of the rarer label, under leaves "
        "out rows of the other label.",
    ),
    click.option(
        "--unseen",
        type=click.Choice(["ignore", "error"]),
        default="ignore",
        help="What prediction does with a category that is not in the training rows: ignore it, or "
        "refuse the row.",
    ),
    min_frequency_option,
    click.option(
        "--row-key",
        default="auto",
        help="The column that identifies a row, for randomised mitigators; auto uses the features.",
    ),
    click.option(
        "--seed", type=click.IntRange(min=0, max=2**32 - 1), default=0, help="Seed of the fit."
    ),
)


#: Options that a `TrainingRequest` takes unchanged.
_PLAIN = ("estimator", "resample", "unseen", "min_frequency", "seed")


justification_option = click.option(
    "--justification",
    default="none",
    help="The auditor's reason to leave categories with under 2 % of the rows out of the impact "
    "ratios of Local Law 144; none leaves none out.",
)

purpose_option = click.option(
    "--purpose",
    default="auto",
    help="What the evaluation is for, in one line that the report repeats; auto: nothing.",
)

card_option = click.option(
    "--card",
    default="none",
    help="A YAML file with what only a person can say about the model, such as its intended use, "
    "for the model card and the technical file; none leaves placeholders.",
)


def gate_options(command: Command) -> Command:
    """Add the options for the gate."""
    command = click.option(
        "--gate-mode",
        type=click.Choice(["disabled", "dry_run", "enabled"]),
        default="enabled",
        help="enabled ends with exit code 4 if the gate fails, 5 if there is insufficient "
        "evidence; dry_run only prints the verdict; disabled ignores the gate.",
    )(command)
    return click.option(
        "--gate",
        default="none",
        help="The requirements for the model, such as 'disparate_impact>=0.8; accuracy>=0.8 @ "
        "sex', or the path of a YAML file; none for no gate.",
    )(command)


mitigator_params_option = click.option(
    "--mitigator-params",
    type=JsonObject('{"alpha": 0.5}'),
    default="{}",
    help='The mitigator\'s parameters as JSON, such as {"alpha": 0.5}.',
)


def mitigator_option(command: Command) -> Command:
    """Add the options for the mitigator and its parameters."""
    command = mitigator_params_option(command)
    return click.option(
        "--mitigator",
        default="none",
        help=f"The mitigator: {', '.join(MITIGATORS)}; or several, joined with +.",
    )(command)


def data_options(command: Command) -> Command:
    """Add the options for the data. The command gets them as `data: DataRequest`."""

    @functools.wraps(command)
    def with_data(
        *,
        data: str,
        target: str,
        positive: str,
        protected: str,
        privileged: str,
        unprivileged: str,
        drop: str,
        changeable: str,
        missing: str,
        max_dropped: float | None,
        types: str,
        na_values: str,
        weight: str,
        cluster: str,
        sensitive: str,
        read: dict[str, Any],
        validation_size: float | None,
        test_size: float | None,
        split_seed: int | None,
        **others: Any,
    ) -> None:
        splits = {"validation": validation_size, "test": test_size, "seed": split_seed}
        request = DataRequest(
            data=data,
            target=given_one(target),
            positive=given_one(positive),
            protected=listed(protected),
            privileged=listed(privileged),
            unprivileged=listed(unprivileged),
            drop=listed(drop),
            changeable=listed(changeable),
            missing=given(missing),  # type: ignore[arg-type]
            max_dropped=max_dropped,
            types=column_types(types),
            na_values=listed(na_values),
            weight=given_one(weight),
            cluster=given_one(cluster),
            sensitive=None if sensitive == "auto" else sensitive == "true",
            read=read_options(read),
            splits={name: number for name, number in splits.items() if number is not None},
        )
        command(data=request, **others)

    for option in reversed(_DATA_OPTIONS):
        with_data = option(with_data)
    return with_data


def options_of_data(*names: str) -> list[Callable[[Command], Command]]:
    """Return the options for the data with these names, for commands that take only some."""
    by_name = {}
    for option in _DATA_OPTIONS:

        def probe() -> None:
            """Take one option, whose name is then known."""

        (found,) = option(probe).__click_params__  # type: ignore[attr-defined]
        by_name[found.name] = option
    return [by_name[name] for name in names]


def read_options(given_: dict[str, Any]) -> ReadOptions | None:
    """Return the options in JSON for reading a file; None if none was given."""
    return ReadOptions.from_dict(given_) if given_ else None


def publication_of(text: str) -> Publication:
    """Return what the parameter `local_law_144` says; nothing for "none"."""
    return NO_PUBLICATION if text == "none" else read_publication(text)


def column_types(text: str) -> dict[str, str] | None:
    """Return the entries NAME:TYPE of a parameter; None if it was not given."""
    entries = listed(text)
    if entries is None:
        return None
    pairs = [entry.rpartition(":") for entry in entries]
    for entry, (name, _, kind) in zip(entries, pairs, strict=True):
        if not (name and kind):
            raise RequestError(f"types={entry} has no type; give NAME:TYPE, such as zip:category")
    return checked_types({name.strip(): kind.strip() for name, _, kind in pairs})


def training_options(command: Command) -> Command:
    """Add the options for the estimator. The command gets them as `training: TrainingRequest`."""

    @functools.wraps(command)
    def with_training(
        *,
        class_weight: str,
        row_key: str,
        **others: Any,
    ) -> None:
        plain = {name: others.pop(name) for name in _PLAIN}
        of_estimator = {name: others.pop(name) for name in ESTIMATOR_PARAMETERS}
        training = TrainingRequest(
            estimator_params={k: v for k, v in of_estimator.items() if v is not None},
            class_weight=None if class_weight == "none" else class_weight,  # type: ignore[arg-type]
            row_key=given_one(row_key),
            **plain,
        )
        command(training=training, **others)

    for option in reversed(_TRAINING_OPTIONS):
        with_training = option(with_training)
    return with_training
