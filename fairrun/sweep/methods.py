"""The methods of a sweep, by name. `study` implements them, and alone imports Optuna."""

from __future__ import annotations

from typing import Literal

__all__ = ["METHODS", "PLANNED", "Method"]

Method = Literal["grid", "random", "bayesian", "nsga2"]

#: What each method does.
METHODS: dict[str, str] = {
    "grid": "every combination; a range by 5 values, unless it says how many",
    "random": "distinct combinations, drawn from the seed",
    "bayesian": "Optuna's TPE, which learns where good trials are",
    "nsga2": "Optuna's NSGA-II, which breeds the frontier",
}
#: The methods that know all their trials at the start.
PLANNED = ("grid", "random")
