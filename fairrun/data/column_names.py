"""Names of columns: texts that are distinct."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["distinct_names"]


def distinct_names(names: Sequence[object]) -> tuple[list[str], list[str]]:
    """Return a distinct text for each column, and notes about the names that were changed.

    The rules are those of pandas, because the rows that a model later gets are often read by
    pandas: a second `age` becomes `age.1`, and a column without a name becomes `Unnamed: 0`.

    Parameters
    ----------
    names : sequence
        The names in the order of the columns. "" or None stands for no name.

    Returns
    -------
    names : list of str
        The distinct names.
    notes : list of str
        One sentence about the columns that stand twice and one about those without a name.

    Examples
    --------
    >>> distinct_names(["age", "score", "age"])
    (['age', 'score', 'age.1'], ['Columns that stand twice were renamed: age to age.1.'])
    """
    texts = [f"Unnamed: {place}" if n in (None, "") else str(n) for place, n in enumerate(names)]
    nameless = [text for text, name in zip(texts, names, strict=True) if name in (None, "")]
    taken = set(texts)
    seen: set[str] = set()
    found, renamed = [], []
    for text in texts:
        new, count = text, 0
        while new in seen or (count and new in taken):
            count += 1
            new = f"{text}.{count}"
        if count:
            renamed.append(f"{text} to {new}")
        seen.add(new)
        found.append(new)
    notes = []
    if nameless:
        notes.append(f"Columns without a name were given one: {_some(nameless)}.")
    if renamed:
        notes.append(f"Columns that stand twice were renamed: {_some(renamed)}.")
    return found, notes


def _some(texts: Sequence[str], most: int = 8) -> str:
    more = len(texts) - most
    return ", ".join(texts[:most]) + (f" and {more} more" if more > 0 else "")
