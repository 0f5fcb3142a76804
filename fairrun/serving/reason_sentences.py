"""The sentences of adverse-decision notices in English, and the words that are filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["PLACEHOLDERS", "SENTENCES", "filled", "words_in"]

#: The sentences of a notice, and the sizes of its parts, in English. Words in braces are filled in.
SENTENCES: Mapping[str, str] = {
    "opening": "A computer model compared the information about you with that of other people. "
    "Its answer is not in your favour.",
    "reasons": "These points lowered your score the most, the strongest first: {reasons}.",
    "no_reasons": "No single piece of information lowered your score.",
    "below": "Your score as a whole is too low for a favourable answer.",
    "changes": "One change would have been enough for a favourable answer, if everything else had "
    "stayed the same: {changes}. Other or smaller changes may have been enough, too.",
    "no_change": "We also looked for a change of one piece of information ({names}) that would "
    "certainly have led to a favourable answer, and found none.",
    "nothing_changeable": "We name no change that would have helped, because it was not decided "
    "which information a person can change.",
    "drawn": "The model drew the answer at random. A favourable answer had a chance of {chance}. "
    "The same information always gets the same answer.",
    "some_drawn": "The model draws some of its answers at random, and yours may be one of them. "
    "The same information always gets the same answer.",
    "closing": "The points describe the calculation of the model, not the causes of your "
    "situation.",
    "reason": "{text}",
    "change": "{to} instead of {from} for {name}",
    "not_given": "no value",
    "separator": "; ",
    "or": "; or ",
    "default": "{name}",
    "default_low": "{name} (below average)",
    "default_high": "{name} (above average)",
}
#: The words that a sentence may have in braces. If a word is starred, the sentence needs it.
PLACEHOLDERS: Mapping[str, tuple[str, ...]] = {
    "reasons": ("reasons*",),
    "changes": ("changes*",),
    "no_change": ("names",),
    "drawn": ("chance",),
    "reason": ("text*", "code"),
    "change": ("name*", "to*", "from"),
    "default": ("name*",),
    "default_low": ("name*",),
    "default_high": ("name*",),
}

_WORD = re.compile(r"\{(\w+)\}")


def words_in(template: str) -> set[str]:
    """Return the words in braces.

    Examples
    --------
    >>> sorted(words_in("{name}: {to} instead of {from}"))
    ['from', 'name', 'to']
    """
    return {*_WORD.findall(template)}


def filled(template: str, values: Mapping[str, str]) -> str:
    """Return a template with its words in braces replaced.

    All are replaced in one pass, because a value may have braces of its own.

    Examples
    --------
    >>> filled("{name}: {to}", {"name": "{to}", "to": "45"})
    '{to}: 45'
    """
    return _WORD.sub(lambda word: values[word[1]], template)
