"""Shared parts of all entry points: errors, exit codes, logging and printed tables."""

from __future__ import annotations

import functools
import gc
import logging
import math
import re
import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import click
import pandas as pd

from fairrun.errors import EXIT_BAD_REQUEST, EXIT_TRACKING_STORE, RequestError, StoreError
from fairrun.gate import GateResult
from fairrun.groups import ProtectedColumn
from fairrun.inference import InputError, ModelError
from fairrun.metrics import has_only_upper_limit, has_sign
from fairrun.text import format_table, with_probability, with_sign
from fairrun.tracking.faults import naming_faults
from fairrun.tracking.interrupts import Interrupted, interruptible
from fairrun.tracking.names import CONSTRAINT_PROBABILITY
from fairrun.tracking.runs import check_tracking_uri

__all__ = [
    "UNDEFINED",
    "entry_point",
    "given",
    "given_one",
    "listed",
    "print_gate",
    "print_metrics",
]


#: The line below a table of metrics, one of which has no value.
UNDEFINED = "undefined: cannot be computed, or is about fewer rows than min_cell"
#: Metrics that are whole numbers.
_COUNTS = ("n_rows", "n_clusters")
#: A comma and the entry after it.
_ENTRY = re.compile(r',\s*(?:"(?P<quoted>(?:[^"]|"")*)"\s*(?=,|$)|(?P<plain>(?!")[^,]*))')


def entry_point(function: Callable[..., int | None]) -> click.Command:
    """Return a Click command that calls a function. The function may return an exit code.

    A request that cannot be met ends with a message of one line and exit code 2, without a
    traceback. If MLflow's tracking store fails, the exit code is 3. If a signal stops the command,
    the exit code is that of a shell: 130 for Ctrl-C, 143 for SIGTERM. Any other exception is a bug
    and ends with a traceback.
    """

    @functools.wraps(function)
    def run(**parameters: Any) -> None:
        _talk()
        gc.freeze()  # Imported modules stay in use, so the garbage collector can skip them.
        gc.enable()
        try:
            with interruptible(), naming_faults():
                check_tracking_uri()
                code = function(**parameters)
        except (RequestError, InputError, ModelError) as error:
            click.echo(f"error: {error}", err=True)
            sys.exit(EXIT_BAD_REQUEST)
        except StoreError as error:
            click.echo(f"error: {error}", err=True)
            sys.exit(EXIT_TRACKING_STORE)
        except Interrupted as signal:
            click.echo(f"error: stopped by {signal}", err=True)
            sys.exit(signal.exit_code)
        if code:
            sys.exit(code)

    return click.command(context_settings={"show_default": True, "max_content_width": 100})(run)


def _talk() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", datefmt="%H:%M:%S"))
    logger = logging.getLogger("fairrun")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    # MLflow also warns about things that a user cannot change, such as type hints in our code.
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    # It logs the traceback of each error of a database, which the command reports in one line.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module=r"mlflow\.")
    warnings.showwarning = _show_warning


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    """Print a warning in one line, without the line of code that it comes from."""
    click.echo(f"warning: {str(message).strip().splitlines()[0]}", err=True)


def print_metrics(metrics: Mapping[str, float], rows: str, column: ProtectedColumn) -> None:
    """Print the metrics of the first protected column with their intervals.

    `rows` is the heading of the column of values: the name of the measured rows. `column` is
    the first protected column.
    """
    group_a, group_b = column.group_names
    click.echo(f"{column.name}: group_a = {group_a}, group_b = {group_b}. ", nl=False)
    click.echo("Ratios are a / b, differences are a - b.\n")
    limits = [name for name in metrics if name.endswith(("_ci_low", "_ci_high"))]
    names = [n for n in metrics if "/" not in n and not n.endswith("_worst") and n not in limits]
    values, intervals = [], []
    for name in names:
        form: Callable[[float], str] = with_sign if has_sign(name) else "{:z.3f}".format
        if name == CONSTRAINT_PROBABILITY:
            form = with_probability
        elif name in _COUNTS:
            form = "{:.0f}".format
        low, high = (metrics.get(f"{name}_ci_{end}", math.nan) for end in ("low", "high"))
        values.append("undefined" if math.isnan(metrics[name]) else form(metrics[name]))
        both = f"{form(low)} to {form(high)}"
        interval = f"at most {form(high)}" if has_only_upper_limit(name) else both
        intervals.append(interval if math.isfinite(low) else "")
    table = pd.DataFrame({"metric": names, rows: values, "95 % interval": intervals})
    click.echo(format_table(table, signed=[rows]))
    if "undefined" in values:
        click.echo(UNDEFINED)
    click.echo("all groups, all pairs and the worst pairs are in audit/*.csv of the run")


def print_gate(result: GateResult) -> None:
    """Print the result of each check of a gate. The last line is the verdict."""
    table = pd.DataFrame(
        {
            "term": [str(each.term) for each in result.judgements],
            "groups": [each.subject for each in result.judgements],
            "value and 95 % interval": [each.measured for each in result.judgements],
            "verdict": [each.verdict.words for each in result.judgements],
        }
    )
    if result.family != "none":
        table = table.rename(columns={"value and 95 % interval": "value and interval"})
        table.insert(3, "confidence", [each.level for each in result.judgements])
    click.echo(f"\n{format_table(table)}\n")
    click.echo(result)


def given(text: str) -> str | None:
    """Return a parameter's text, or None if it is "auto", which means "not given".

    An empty default would not work, because MLflow logs it as two quotes.
    """
    return None if text == "auto" else text


def given_one(text: str) -> str | None:
    """Return a parameter that is one name or value; None if it is "auto".

    As in a list, it can have double quotes around it, and is then taken as it stands between them.

    Examples
    --------
    >>> given_one('"ok, paid"'), given_one("ok, paid"), given_one(' yes'), given_one("auto")
    ('ok, paid', 'ok, paid', ' yes', None)
    """
    entry = _ENTRY.fullmatch(f",{text}")
    if entry is None or entry["quoted"] is None:
        return given(text)
    return entry["quoted"].replace('""', '"')


def listed(text: str) -> list[str] | None:
    """Return the entries of a parameter, which are separated by commas; None if not given.

    Blanks around an entry are removed. An entry in double quotes is taken as it stands between
    them, so it may have commas and blanks; two quotes in it stand for one.

    Raises
    ------
    RequestError
        If a quote is not closed.

    Examples
    --------
    >>> listed('"a, b",c, d'), listed('" Male"'), listed("none"), listed("auto")
    (['a, b', 'c', 'd'], [' Male'], [], None)
    """
    if text in ("auto", "none"):
        return None if text == "auto" else []
    entries, rest = [], f",{text}"
    while rest:
        entry = _ENTRY.match(rest)
        if entry is None:
            raise RequestError(
                f"the list {text} has a double quote in the wrong place; put quotes around a whole "
                """entry, such as "a, b",c"""
            )
        quoted, plain = entry["quoted"], entry["plain"]
        entries.append(plain.strip() if quoted is None else quoted.replace('""', '"'))
        rest = rest[entry.end() :]
    return entries
