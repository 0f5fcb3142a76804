"""A draft of a dataset spec in which the findings are applied."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from fairrun.data.findings.finding import Findings
from fairrun.data.request import KNOWN_DATASETS
from fairrun.data.spec import DatasetSpec
from fairrun.data.typed import TypedTable
from fairrun.groups import Protected

__all__ = ["draft_spec"]

_ALWAYS = ("name", "source", "target", "positive", "protected", "drop", "missing", "splits")


def draft_spec(
    fields: Mapping[str, Any],
    findings: Findings,
    table: TypedTable,
    guesses: Mapping[str, str] | None = None,
) -> str:
    """Return a dataset spec as YAML, with what the findings change and why.

    Parameters
    ----------
    fields : mapping of str to object
        The fields of the spec as `DatasetSpec.to_dict` returns them. Fields that are not known yet
        are left out.
    findings : Findings
        The findings. Their changes are applied; the others are comments.
    table : TypedTable
        The rows, from which the number of rows with a null is known.
    guesses : mapping of str to str, optional
        A remark for each field that is a guess.

    Returns
    -------
    str
        YAML that `data=` takes, if the target and the protected columns are known.
    """
    usual = DatasetSpec("", "", "target", "", (Protected("(any)", "(any)"),)).to_dict()
    values = {k: v for k, v in fields.items() if k in _ALWAYS or v != usual.get(k)}
    values["source"] = _from_anywhere(str(fields["source"]))
    guessed = dict(guesses or {})
    drop = {str(name): "" for name in fields.get("drop", ())}
    for each in findings.findings:
        for name in each.change.get("drop", ()):
            drop.setdefault(name, f"{each.kind}: {each.sentence}")
        for name in ("na_values", "read"):
            if name in each.change:
                values[name] = _merged(values.get(name), each.change[name])
                guessed.setdefault(name, each.sentence)
    values["changeable"] = [name for name in values.get("changeable", ()) if name not in drop]
    left = [str(name) for name in table.frame.columns if name not in drop]
    share = float(table.frame[left].isna().any(axis=1).mean())
    if values.get("missing", "drop") == "drop" and share > fields.get("max_dropped", 0.2):
        values["missing"] = "keep"
        guessed["missing"] = f"{share:.0%} of the rows have a null"
    lines = ["# A draft from `check`: look at each line before you use it."]
    lines += [f"# {each}" for each in findings.findings if not each.change]
    for name in ("target", "positive", "protected"):
        if not values.get(name):
            lines.append(f"# {name}: fill in")
    order = [*_ALWAYS, *sorted(set(values) - set(_ALWAYS))]
    for name in order:
        if name == "drop" and drop:
            lines.append("drop:")
            lines += [_line([column], why) for column, why in drop.items()]
        elif values.get(name):
            lines.append(_line({name: values[name]}, guessed.get(name, "")))
    return "\n".join(lines) + "\n"


def _line(content: object, comment: str) -> str:
    """Return YAML of one entry, with a comment behind its first line."""
    # Lists and mappings inside are written in one line each.
    inside = isinstance(content, dict) and any(isinstance(v, list | dict) for v in content.values())
    style = None if inside else False
    text = yaml.safe_dump(
        content, default_flow_style=style, allow_unicode=True, width=10**6, sort_keys=False
    ).rstrip("\n")
    first, newline, rest = text.partition("\n")
    return f"{first}  # {comment}{newline}{rest}" if comment else text


def _merged(old: Any, new: Any) -> Any:
    if isinstance(new, Mapping):
        return {**(old or {}), **new}
    return list(dict.fromkeys([*(old or ()), *new]))


def _from_anywhere(source: str) -> str:
    """Return a source that can be read whatever the folder of the spec is."""
    if source in KNOWN_DATASETS or "://" in source or not Path(source).exists():
        return source
    return str(Path(source).resolve())
