"""What an evaluation is for, as its report says it. Commands check it without importing MLflow."""

from __future__ import annotations

from fairrun.errors import RequestError
from fairrun.text import shortened

__all__ = ["check_purpose"]

#: The most characters of a purpose.
_LONGEST_PURPOSE = 300


def check_purpose(purpose: str | None) -> None:
    """Raise RequestError unless a purpose is one line of text, or not given."""
    if purpose is None:
        return
    if not purpose.strip() or not purpose.isprintable() or len(purpose) > _LONGEST_PURPOSE:
        raise RequestError(
            f"the purpose {shortened(purpose)!r} is not one line of 1 to {_LONGEST_PURPOSE} "
            "characters; shorten it, or give auto to say nothing"
        )
