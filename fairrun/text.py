"""Text for people: tables as Markdown, long, quoted and escaped values, and names in messages."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import pandas as pd

__all__ = [
    "NAMED_FROM",
    "as_code",
    "did_you_mean",
    "escaped",
    "few_rows",
    "format_table",
    "listed_names",
    "listed_values",
    "n_of",
    "quoted",
    "shift_rows",
    "shortened",
    "with_interval",
    "with_percent",
    "with_probability",
    "with_sign",
    "without_formulas",
]

#: A message names a value of the data only if at least this number of rows have it.
NAMED_FROM = 5
#: A longer value is shortened where people read it.
_LONGEST = 80
#: The number of characters that are left of it.
_KEPT = 48
#: The longest cell of a table in a terminal. Cells also hold whole sentences.
_LONGEST_CELL = 240
#: A spreadsheet reads text that begins with one of these as a formula.
#: In some languages, it does so with the wide forms of the signs, too.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

#: What has a meaning in Markdown. An underscore has none inside a word, such as a metric's name.
_MARKUP = re.compile(r"([\\`*\[\]|~])|(?<!\w)(_)|(_)(?!\w)")


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
    return shortened(" ".join(str(value).split()), _LONGEST_CELL).replace("|", "\\|")


def quoted(text: str) -> str:
    """Return a text in double quotes if it has a comma or outer blanks, as lists are given.

    Examples
    --------
    >>> quoted("Male"), quoted(" Male"), quoted("a, b")
    ('Male', '" Male"', '"a, b"')
    """
    plain = text == text.strip() and "," not in text and not text.startswith('"')
    return text if plain else '"' + text.replace('"', '""') + '"'


def shift_rows(message: str, start: int, column: str | None) -> str:
    """Return the message of an error with `start` added to its positions of rows.

    The positions count from the first row of a part of the rows, and `start` is the position of
    that row. Text in the column's name is not changed.

    Examples
    --------
    >>> shift_rows("column 'row 3': null in rows 0, 7 and 2 more", 100, "row 3")
    "column 'row 3': null in rows 100, 107 and 2 more"
    """

    def shift(rows: re.Match[str]) -> str:
        return rows[1] + re.sub(r"\d+", lambda number: str(int(number[0]) + start), rows[2])

    name = repr(column)
    parts = message.split(name)
    return name.join(re.sub(r"\b(rows? )(\d+(?:, \d+)*)", shift, part) for part in parts)


def shortened(text: str, longest: int = _LONGEST) -> str:
    """Return a text in a length that people read: its beginning, its length and its digest.

    Two long texts stay different.

    Examples
    --------
    >>> shortened("Male"), shortened("x" * 10_000)[40:]
    ('Male', 'xxxxxxxx… (10,000 characters, e4ee97ec)')
    """
    if len(text) <= longest:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{text[:_KEPT]}… ({len(text):,} characters, {digest})"


def without_formulas(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose texts no spreadsheet takes for formulas, to be written as CSV.

    A text that begins with ``=``, ``+``, ``-``, ``@`` (also in the wide forms of Japanese texts), a
    tab or a line break gets an apostrophe in front, in cells and in the names of columns. Numbers
    stay as they are.

    Examples
    --------
    >>> without_formulas(pd.DataFrame({"group": ["=1+1", "Male"], "value": [-0.5, 1.0]}))
        group  value
    0  '=1+1   -0.5
    1    Male    1.0
    """

    def escaped(value: Any) -> Any:
        is_formula = isinstance(value, str) and value.startswith(_FORMULA)
        return f"'{value}" if is_formula else value

    texts = {
        name: column.astype(object).map(escaped)
        for name, column in table.items()
        if not pd.api.types.is_numeric_dtype(column)
    }
    return table.assign(**{str(name): column for name, column in texts.items()}).rename(
        columns=escaped
    )


def listed_values(counts: Mapping[str, int], most: int = 20) -> str:
    """Return values as a list for a message, without those that may be the name of one person.

    Parameters
    ----------
    counts : mapping of str to int
        The number of rows of each value.
    most : int
        The largest number of values in the list.

    Examples
    --------
    >>> listed_values({"approved": 90, "rejected": 60})
    'approved, rejected'
    >>> listed_values({"approved": 90, "rejected": 60, "Jo Doe": 1}, most=1)
    'approved and 2 more'
    """
    often = [text for text, count in counts.items() if count >= NAMED_FROM][:most]
    more = len(counts) - len(often)
    if not often:
        return f"{n_of(more, 'value')} with fewer than {NAMED_FROM} rows"
    named = ", ".join(quoted(shortened(text)) for text in often)
    return f"{named} and {more} more" if more else named


def few_rows(n: int) -> str:
    """Return a number of rows for a message, without the exact number of very few.

    Examples
    --------
    >>> few_rows(28), few_rows(3), few_rows(0)
    ('28 rows', 'fewer than 5 rows', '0 rows')
    """
    return f"fewer than {NAMED_FROM} rows" if 0 < n < NAMED_FROM else f"{n} rows"


def did_you_mean(
    name: str, known: Iterable[str], otherwise: str = "", *, cutoff: float = 0.5
) -> str:
    """Return a suggestion of known names that are similar to an unknown one.

    Parameters
    ----------
    name : str
        The name that was given.
    known : iterable of str
        The allowed names.
    otherwise : str
        The text to return if no name is similar.
    cutoff : float
        The smallest similarity, from 0 to 1, as `difflib` measures it.

    Returns
    -------
    str
        The suggestion, as a clause for an error message.

    Examples
    --------
    >>> did_you_mean("acuracy", ["accuracy", "roc_auc"])
    'did you mean accuracy?'
    >>> did_you_mean("height", ["accuracy", "roc_auc"], "give one of accuracy, roc_auc")
    'give one of accuracy, roc_auc'
    >>> did_you_mean("MALE ", ["Female", "Male"])
    'did you mean Male?'
    """
    names = list(known)
    folded = name.casefold().strip()
    near = [each for each in names if each.casefold().strip() == folded]
    near = near or get_close_matches(name, names, n=3, cutoff=cutoff)
    return f"did you mean {' or '.join(map(quoted, near))}?" if near else otherwise


def listed_names(names: Sequence[str], most: int = 20) -> str:
    """Return names as a list for a message, with the number of those that are left out.

    Examples
    --------
    >>> listed_names(["age", "job", "sex"]), listed_names(["age", "job", "sex"], most=1)
    ('age, job, sex', 'age and 2 more')
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(map(quoted, names[:most]))}{more}"


def escaped(text: str) -> str:
    r"""Return a text in which Markdown has no meaning, such as the name of a group.

    Examples
    --------
    >>> escaped("White|Asian"), escaped("<b>"), escaped("capital_gain"), escaped("_a_")
    ('White\\|Asian', '&lt;b&gt;', 'capital_gain', '\\_a\\_')
    """
    plain = " ".join(text.split()).replace("&", "&amp;")
    plain = plain.replace("<", "&lt;").replace(">", "&gt;")
    return _MARKUP.sub(lambda found: f"\\{found[0]}", plain)


def as_code(text: str) -> str:
    """Return a parameter, a metric or a command as code.

    Examples
    --------
    >>> as_code("statistical_parity<=0.1")
    '`statistical_parity<=0.1`'
    """
    return f"`{shortened(' '.join(text.split()), 400).replace('`', chr(39))}`"
