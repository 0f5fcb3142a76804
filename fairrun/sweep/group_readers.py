"""Which mitigators need the protected column of a row in prediction, and spaces without them."""

from __future__ import annotations

from typing import Literal

from fairrun.errors import RequestError
from fairrun.sweep.space import Space
from fairrun.training.mitigation import MITIGATORS

__all__ = ["ReadsGroup", "check_group_readers", "left_out", "reads_group", "said_of_left_out"]

#: Whether a sweep tries methods that read a protected column in prediction.
ReadsGroup = Literal["any", "no"]


def reads_group(mitigator: str) -> bool:
    """Return whether a mitigator, or a part of a combination, can read the group in prediction.

    Examples
    --------
    >>> reads_group("reweighing"), reads_group("reweighing+group_thresholds")
    (False, True)
    """
    return any(MITIGATORS[part].group_at_serving for part in mitigator.split("+"))


def left_out() -> tuple[str, ...]:
    """Return the mitigators that ``reads_group=no`` leaves out."""
    return tuple(name for name in MITIGATORS if reads_group(name))


def said_of_left_out() -> str:
    """Return what ``reads_group=no`` leaves out, as a sentence without a full stop."""
    n_methods = sum(each.stage != "none" for each in MITIGATORS.values())
    return (
        f"reads_group=no: {len(left_out())} of {n_methods} mitigators are not tried, because they "
        f"read a protected column in prediction ({', '.join(left_out())})"
    )


def check_group_readers(space: Space) -> None:
    """Raise RequestError if a space names a mitigator that ``reads_group=no`` leaves out."""
    values = space["mitigator"].values if "mitigator" in space.names else ()
    named = [str(value) for value in values if reads_group(str(value))]
    if named:
        raise RequestError(
            "reads_group=no does not go with mitigators that read a protected column in "
            f"prediction, and the space has {', '.join(named)}; leave them out of the space, or "
            "give reads_group=any"
        )
