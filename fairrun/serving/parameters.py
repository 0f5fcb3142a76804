"""Optional parameters of a request, from the query string of its address."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs

from fairrun.serving.errors import Refused
from fairrun.text import did_you_mean

__all__ = ["Parameters", "read_parameters"]

_LONGEST = 30
_SPELLED = {"true": True, "false": False}


@dataclass(frozen=True)
class Parameters:
    """The optional parameters of a request; all but `reasons` are also those of MLflow's server.

    Attributes
    ----------
    explain : bool
        Whether to return the contribution of each column to the score of each row.
    top_k : int
        The number of columns in each explanation, where 0 means all, and the number of reasons in
        each notice, where 0 means four.
    feature_importance : bool
        Whether to return the contributions of all columns as a plain list.
    counterfactuals : bool
        Whether to return changes of single columns that would change the label.
    reasons : bool
        Whether to return an adverse-decision notice for each row with label 0.
    """

    explain: bool = False
    top_k: int = 0
    feature_importance: bool = False
    counterfactuals: bool = False
    reasons: bool = False

    @property
    def any_reason(self) -> bool:
        """Return whether the answer needs explanations of the scores."""
        return self.explain or self.feature_importance

    @property
    def slow(self) -> bool:
        """Return whether a parameter is set that can make the answer a thousand times slower."""
        return self.any_reason or self.counterfactuals or self.reasons


def read_parameters(query: bytes) -> Parameters:
    """Read the parameters from a query string.

    Parameters
    ----------
    query : bytes
        The query string as it was sent.

    Raises
    ------
    Refused
        With status 422 if a name is unknown, a value is not allowed for its parameter, or a
        parameter is given twice.

    Examples
    --------
    >>> read_parameters(b"explain=true&top_k=3")
    Parameters(explain=True, top_k=3, feature_importance=False, counterfactuals=False,
               reasons=False)
    """
    if not query:
        return Parameters()
    try:
        given = parse_qs(query.decode("ascii"), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        raise _refused("the query string is not valid; send name=value pairs in ASCII") from None
    unknown = [name for name in given if name not in Parameters.__annotations__]
    if unknown:
        # The name is shortened, because a query string may hold anything.
        name = unknown[0][:_LONGEST]
        allowed = f"give some of {', '.join(Parameters.__annotations__)}"
        nearest = did_you_mean(name, Parameters.__annotations__, allowed)
        raise _refused(f"there is no parameter {name!r}; {nearest}")
    twice = [name for name in Parameters.__annotations__ if len(given.get(name, ())) > 1]
    if twice:
        raise _refused(f"{twice[0]} is given twice; give it once")
    flags = {}
    for name in ("explain", "feature_importance", "counterfactuals", "reasons"):
        (text,) = given.get(name, ["false"])
        if text.lower() not in _SPELLED:  # Python clients write True.
            raise _refused(f"{name} must be true or false")
        flags[name] = _SPELLED[text.lower()]
    (top_k,) = given.get("top_k", ["0"])
    if not (top_k.isascii() and top_k.isdigit() and len(top_k) <= 9):
        raise _refused("top_k must be a number of columns; give a whole number, or 0 for all")
    return Parameters(top_k=int(top_k), **flags)


def _refused(message: str) -> Refused:
    return Refused(422, message, code="invalid_parameter")
