"""The names of the search methods of a sweep; `study` implements them with Optuna."""

from __future__ import annotations

from typing import Literal

__all__ = ["METHODS", "PLANNED", "TRIALS", "Method"]

Method = Literal["grid", "random", "bayesian", "nsga2"]

#: The default number of trials.
TRIALS = 100
#: A description of each method.
METHODS: dict[str, str] = {
    "grid": "every combination; a range has 5 values unless it gives a number",
    "random": "random combinations without repetition, from the seed",
    "bayesian": "Optuna's TPE, which learns from earlier trials",
    "nsga2": "Optuna's NSGA-II, which searches the frontier of two objectives",
}
#: The methods whose trials are all known at the start.
PLANNED = ("grid", "random")
