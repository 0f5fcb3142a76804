"""Choose the trials of a sweep whose models are logged."""

from __future__ import annotations

import numpy as np

from fairrun.sweep.selection import Selection
from fairrun.text import n_of

__all__ = ["MOST_MODELS", "kept_trials", "said_of_kept"]

#: The most trials of the frontier whose models are logged; the chosen trial is not counted.
MOST_MODELS = 10


def kept_trials(selection: Selection, most: int = MOST_MODELS) -> tuple[int, ...]:
    """Return the trials whose models are logged: the chosen one, then some of the frontier.

    A long frontier is thinned out: the trials that are left have the same number of trials between
    them, as nearly as possible, and both ends of the frontier are kept.

    Parameters
    ----------
    selection : Selection
        The frontier and the chosen trial.
    most : int
        The most trials of the frontier, at least 2.

    Returns
    -------
    tuple of int
        The numbers of the trials. The chosen trial may make them one more than `most`.

    Examples
    --------
    >>> kept_trials(Selection(tuple(range(20, 30)), 23, "knee", None), most=4)
    (23, 20, 26, 29)
    """
    frontier = selection.frontier
    if len(frontier) > most:
        places = np.linspace(0, len(frontier) - 1, most).round().astype(int)
        frontier = tuple(frontier[place] for place in places)
    return tuple(dict.fromkeys([selection.chosen, *frontier]))


def said_of_kept(selection: Selection, most: int = MOST_MODELS) -> str:
    """Return for which trials a model is logged, and for which of the frontier none is.

    Examples
    --------
    >>> said_of_kept(Selection((20, 21, 22), 21, "knee", None))
    'models are logged for the chosen trial 21 and for the 3 trials of the frontier'
    >>> print(said_of_kept(Selection((20, 21, 22, 23), 21, "knee", None), most=2))
    models are logged for the chosen trial 21 and for 2 of the 4 trials of the frontier, spread
    evenly along it with both ends; not for trial 22
    """
    frontier = selection.frontier
    if frontier == (selection.chosen,):
        return f"a model is logged for the chosen trial {selection.chosen}, which is the frontier"
    said = f"models are logged for the chosen trial {selection.chosen} and for"
    left_out = sorted({*frontier} - {*kept_trials(selection, most)})
    if not left_out:
        return f"{said} the {n_of(len(frontier), 'trial')} of the frontier"
    numbers = ", ".join(map(str, left_out))
    return (
        f"{said} {most} of the {len(frontier)} trials of the frontier, spread evenly along it with "
        f"both ends; not for {'trial' if len(left_out) == 1 else 'trials'} {numbers}"
    )
