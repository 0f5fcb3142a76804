"""The names of the search methods of a sweep; `study` implements them with Optuna."""

from __future__ import annotations

from typing import Literal

__all__ = ["METHODS", "PLANNED", "Method"]

Method = Literal["grid", "random", "bayesian", "nsga2"]

#: A description of each method.
METHODS: dict[str, str] = {
    "grid": "all combinations, with 5 values of a range unless it has another number",
    "random": "distinct random combinations, which depend on the seed",
    "bayesian": "Optuna's TPE sampler, which learns from earlier trials",
    "nsga2": "Optuna's NSGA-II sampler, a genetic algorithm",
}
#: The methods whose trials are all known at the start.
PLANNED = ("grid", "random")
