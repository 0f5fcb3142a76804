"""The page of a technical file: its JSON document as one HTML file that loads nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Template

from fairrun.metrics import has_only_upper_limit, has_sign, is_hidden_reason
from fairrun.pages.cells import Cell, Table, number
from fairrun.pages.report import environment
from fairrun.pages.technical_file_items import GAP
from fairrun.text import n_of, shortened

__all__ = ["render_technical_file"]


#: What stands in the document in place of numbers that JSON does not have.
_NUMBERS = {None: math.nan, "infinite": math.inf, "minus infinite": -math.inf}
#: The longest text of a fact. Texts of the data can be longer.
_LONGEST = 1000
#: The headings of wide tables, where the name of the metric is long.
_HEADS = {
    "roc_auc": "AUC",
    "positive_predictive_value": "precision",
    "calibration_in_the_large": "calibration in the large",
}


def render_technical_file(content: Mapping[str, Any]) -> str:
    """Return the page of a technical file as HTML.

    Parameters
    ----------
    content : mapping
        The result of `technical_file`, also if it was read from its JSON file. The page shows
        nothing else.

    Returns
    -------
    str
        The HTML page.
    """
    tally = content["tally"]
    gaps = tally["gaps"]
    counted = (
        f"{tally['points_with_facts']} of {n_of(tally['points'], 'point has', 'points have')} "
        f"facts from runs. People gave {n_of(tally['statements'], 'statement')}. "
        f"{n_of(gaps, 'gap is', 'gaps are')} {GAP}."
    )
    runs = content["runs"]
    which = {run: f"run of the {name}" for name, run in reversed(runs.items()) if run}
    return _template().render(
        content=content,
        title=content["title"],
        verdict="insufficient_evidence" if gaps else "none",
        counted=counted,
        parts=[*content["points"], *content["further"]],
        gap=GAP,
        which=which,
    )


@cache
def _template() -> Template:
    found = environment()
    found.filters["as_table"] = _table
    found.filters["in_words"] = _in_words
    found.tests["table"] = lambda value: isinstance(value, Mapping)
    found.tests["list"] = lambda value: isinstance(value, list)
    return found.get_template("annex_iv.html")


def _table(value: Mapping[str, Any], caption: str) -> Table:
    """Return a table of the document in the form that the templates take."""
    columns = [str(name) for name in value["columns"]]
    rows = tuple(
        tuple(_cell(cell, column, row[0]) for cell, column in zip(row, columns, strict=True))
        for row in value["rows"]
    )
    heads = tuple(_HEADS.get(name, name.replace("_", " ")) for name in columns)
    return Table(caption, heads, rows, value["note"])


def _cell(cell: Any, column: str, first: Any) -> Cell:
    """Return a cell. `first` is the first cell of its row, which may be the name of a metric."""
    if isinstance(cell, Mapping):
        return _measured(cell, column, str(first))
    if isinstance(cell, str) and column in ("metric", "word"):
        return Cell(cell.replace("_", " "))
    is_number = isinstance(cell, int | float) and not isinstance(cell, bool)
    return Cell(_in_words(cell), is_number=is_number or column == "rows")


def _measured(cell: Mapping[str, Any], column: str, first: str) -> Cell:
    """Return the cell of a number with its interval, or of the reason why it is missing."""
    reason = str(cell["reason"])
    if not isinstance(cell["value"], int | float):
        if is_hidden_reason(reason):
            return Cell("hidden", is_number=True)
        return Cell(cell["value"] or reason or "undefined")
    numbers = [_NUMBERS.get(cell[end], cell[end]) for end in ("value", "low", "high")]
    name = column if column not in ("value", "before", "after") else first
    only_upper = has_only_upper_limit(name)
    return number(*numbers, signed=has_sign(name), only_upper=only_upper)


def _in_words(value: Any) -> str:
    """Return a value that is neither a list nor a table as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.3f}".replace("-", "−")
    return shortened(str(value), _LONGEST)
