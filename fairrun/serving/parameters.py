"""What a request may ask for beside the answers, in the query of its address."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs

from fairrun.serving.errors import Refused

__all__ = ["Parameters", "read_parameters"]

_SPELLED = {"true": True, "false": False}


@dataclass(frozen=True)
class Parameters:
    """What is asked for; those of the stock server, by the same names.

    Attributes
    ----------
    explain : bool
        What each column contributes to a row's score.
    top_k : int
        By how many columns; 0 for all.
    feature_importance : bool
        The contributions of all columns as a plain list.
    counterfactuals : bool
        What would have to be different for the row to be answered otherwise.
    """

    explain: bool = False
    top_k: int = 0
    feature_importance: bool = False
    counterfactuals: bool = False

    @property
    def any_reason(self) -> bool:
        """Whether the scores have to be explained."""
        return self.explain or self.feature_importance

    @property
    def slow(self) -> bool:
        """Whether the answer may take a thousand times as long as without."""
        return self.any_reason or self.counterfactuals


def read_parameters(query: bytes) -> Parameters:
    """Read the query of an address; what is not known in it is ignored.

    Parameters
    ----------
    query : bytes
        As it was sent.

    Raises
    ------
    Refused
        422 if a value is none that the parameter takes, or it is given twice.

    Examples
    --------
    >>> read_parameters(b"explain=true&top_k=3")
    Parameters(explain=True, top_k=3, feature_importance=False, counterfactuals=False)
    """
    if not query:
        return Parameters()
    try:
        given = parse_qs(query.decode("ascii"), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        raise _refused("the query of the address cannot be read") from None
    twice = [name for name in Parameters.__annotations__ if len(given.get(name, ())) > 1]
    if twice:
        raise _refused(f"{twice[0]} is given twice")
    flags = {}
    for name in ("explain", "feature_importance", "counterfactuals"):
        (text,) = given.get(name, ["false"])
        if text.lower() not in _SPELLED:  # Python clients write True
            raise _refused(f"{name} is true or false")
        flags[name] = _SPELLED[text.lower()]
    (top_k,) = given.get("top_k", ["0"])
    if not (top_k.isascii() and top_k.isdigit() and len(top_k) <= 9):
        raise _refused("top_k is how many columns to explain by: 0 for all, or more")
    return Parameters(top_k=int(top_k), **flags)


def _refused(message: str) -> Refused:
    return Refused(422, message, code="invalid_parameter")
