"""Tables as Markdown text, which is also readable in a terminal, and values in quotes."""

from __future__ import annotations

from typing import Any

import pandas as pd

__all__ = ["format_table", "quoted", "with_interval"]


def format_table(table: pd.DataFrame, decimals: int = 3) -> str:
    """Return a table as Markdown with columns that are also aligned in plain text.

    Parameters
    ----------
    table : DataFrame
        The table. Its index is not shown.
    decimals : int
        The number of digits after the decimal point of a float. Integers have none.

    Returns
    -------
    str
        Lines without a newline at the end. Columns of numbers are aligned to the right. A missing
        value, such as NaN, is shown as "undefined".

    Examples
    --------
    >>> import pandas as pd
    >>> print(format_table(pd.DataFrame({
    ...     "mitigator": ["none", "reweighing"],
    ...     "rows": [9046, 9046],
    ...     "disparate_impact": [3.1504, float("nan")],
    ... })))
    | mitigator  | rows | disparate_impact |
    | :--------- | ---: | ---------------: |
    | none       | 9046 |            3.150 |
    | reweighing | 9046 |        undefined |
    """
    columns = [
        _format_column(str(name), column, decimals)
        for name, column in table.infer_objects().items()
    ]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in zip(*columns, strict=True))


def with_interval(value: float, low: float, high: float, decimals: int = 3) -> str:
    """Return a value with its interval as text.

    Parameters
    ----------
    value, low, high : float
        The value and the limits of its interval.
    decimals : int
        The number of digits after the decimal point.

    Examples
    --------
    >>> with_interval(3.1504, 2.871, 3.4621)
    '3.150 (2.871 to 3.462)'
    >>> with_interval(float("nan"), float("nan"), float("nan"))
    'undefined'
    """
    if pd.isna(value):
        return "undefined"
    middle, low_text, high_text = (_format_value(float(x), decimals) for x in (value, low, high))
    return f"{middle} ({low_text} to {high_text})"


def _format_column(name: str, column: pd.Series[Any], decimals: int) -> list[str]:
    """Return the heading, the rule and the cells of one column, padded to the same width."""
    cells = [_format_value(value, decimals) for value in (name, *column)]
    width = max(3, *map(len, cells))
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        heading, *cells = [cell.rjust(width) for cell in cells]
        rule = "-" * (width - 1) + ":"
    else:
        heading, *cells = [cell.ljust(width) for cell in cells]
        rule = ":" + "-" * (width - 1)
    return [heading, rule, *cells]


def _format_value(value: Any, decimals: int) -> str:
    if pd.isna(value):
        return "undefined"
    if isinstance(value, float):
        return f"{value:z.{decimals}f}"  # The "z" avoids "-0.000".
    return " ".join(str(value).split()).replace("|", "\\|")


def quoted(text: str) -> str:
    """Return a text in double quotes if it has a comma or outer blanks, as lists are given.

    Examples
    --------
    >>> quoted("Male"), quoted(" Male"), quoted("a, b")
    ('Male', '" Male"', '"a, b"')
    """
    plain = text == text.strip() and "," not in text and not text.startswith('"')
    return text if plain else '"' + text.replace('"', '""') + '"'
