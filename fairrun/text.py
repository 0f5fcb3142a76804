"""Tables as Markdown text, which is also readable in a terminal, and values in quotes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pandas as pd

__all__ = [
    "format_table",
    "n_of",
    "quoted",
    "with_interval",
    "with_percent",
    "with_probability",
    "with_sign",
]


def format_table(table: pd.DataFrame, decimals: int = 3, *, signed: Collection[str] = ()) -> str:
    """Return a table as Markdown with columns that are also aligned in plain text.

    Parameters
    ----------
    table : DataFrame
        The table. Its index is not shown.
    decimals : int
        The number of digits after the decimal point of a float. Integers have none.
    signed : collection of str
        The columns whose numbers are differences. Positive ones are shown with a plus. A column of
        texts in `signed` is aligned like numbers.

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
        _format_column(str(name), column, decimals, signed=name in signed)
        for name, column in table.infer_objects().items()
    ]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in zip(*columns, strict=True))


def with_sign(value: float, decimals: int = 3) -> str:
    """Return a difference as text, with its sign unless it is shown as 0.

    Examples
    --------
    >>> with_sign(0.18), with_sign(-0.17), with_sign(-0.0001), with_sign(float("nan"))
    ('+0.180', '-0.170', '0.000', 'undefined')
    """
    text = _format_value(float(value), decimals)
    return f"+{text}" if text[0].isdigit() and float(text) > 0 else text


def with_probability(probability: float) -> str:
    """Return a probability with two digits, and never as 0 or 1, which it cannot be.

    Examples
    --------
    >>> with_probability(0.734), with_probability(0.997), with_probability(0.0)
    ('0.73', 'above 0.99', 'below 0.01')
    """
    if pd.isna(probability):
        return "undefined"
    text = f"{probability:.2f}"
    return {"1.00": "above 0.99", "0.00": "below 0.01"}.get(text, text)


def with_percent(share: float) -> str:
    """Return a share in percent. It is 0 % or 100 % only if it is exactly so.

    Examples
    --------
    >>> with_percent(0.0421), with_percent(0.0002), with_percent(0.9999), with_percent(0.0)
    ('4.2%', 'under 0.1%', 'over 99.9%', '0.0%')
    """
    text = f"{share:.1%}"
    if text == "0.0%" and share > 0:
        return "under 0.1%"
    return "over 99.9%" if text == "100.0%" and share < 1 else text


def n_of(n: float, one: str, several: str = "") -> str:
    """Return a number with its noun, in the singular for 1.

    Examples
    --------
    >>> n_of(1, "row"), n_of(2500, "row"), n_of(0, "check has", "checks have")
    ('1 row', '2,500 rows', '0 checks have')
    """
    return f"{n:,} {one if n == 1 else several or f'{one}s'}"


def with_interval(
    value: float, low: float, high: float, decimals: int = 3, *, signed: bool = False
) -> str:
    """Return a value with its interval as text.

    Parameters
    ----------
    value, low, high : float
        The value and the limits of its interval.
    decimals : int
        The number of digits after the decimal point.
    signed : bool
        Whether the value is a difference, which is shown with its sign.

    Examples
    --------
    >>> with_interval(3.1504, 2.871, 3.4621)
    '3.150 (2.871 to 3.462)'
    >>> with_interval(0.18, -0.01, 0.37, signed=True)
    '+0.180 (-0.010 to +0.370)'
    >>> with_interval(float("nan"), float("nan"), float("nan"))
    'undefined'

    A metric without an interval is its value alone:

    >>> with_interval(0.903, float("nan"), float("nan"))
    '0.903'
    """
    form = with_sign if signed else _format_value
    middle, low_text, high_text = (form(float(x), decimals) for x in (value, low, high))
    if pd.isna(value) or (pd.isna(low) and pd.isna(high)):
        return middle
    return f"{middle} ({low_text} to {high_text})"


def _format_column(name: str, column: pd.Series[Any], decimals: int, *, signed: bool) -> list[str]:
    """Return the heading, the rule and the cells of one column, padded to the same width."""
    is_number = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    form = with_sign if signed and is_number else _format_value
    cells = [_format_value(name, decimals), *(form(value, decimals) for value in column)]
    width = max(3, *map(len, cells))
    if signed or is_number:
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
