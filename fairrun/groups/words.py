"""The value of a column that a parameter means: the same text, or another word for yes or no."""

from __future__ import annotations

from collections.abc import Sequence

from fairrun.inference import yes_no_texts

__all__ = ["label_of"]


def label_of(values: Sequence[str], positive: str) -> str | None:
    """Return the value of the target that `positive` means.

    Parameters
    ----------
    values : sequence of str
        The distinct values of the target, as text.
    positive : str
        The favourable value, as it was given. YAML reads a bare ``yes`` as true, which has the text
        "True".

    Returns
    -------
    str or None
        The value with this text. If there is none, and the values are one of the pairs of
        `fairrun.inference.YES_NO`, the value with this meaning. None if there is none.

    Examples
    --------
    >>> label_of(["no", "yes"], "True"), label_of(["0", "1"], "yes"), label_of(["00", "01"], "1")
    ('yes', '1', None)
    """
    if positive in values:
        return positive
    meant: str | None = yes_no_texts(values).get(positive.lower())
    return meant
