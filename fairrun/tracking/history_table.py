"""Show the history of a registered model as a table, and on the page of its registry run."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

import mlflow
import pandas as pd
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NOTE

from fairrun.text import format_table, n_of
from fairrun.tracking.descriptions import as_code, escaped
from fairrun.tracking.entries import DONE, Entry, History
from fairrun.tracking.history import copy_entries
from fairrun.tracking.moves import outcome_of

__all__ = ["history_markdown", "history_table", "printed_history", "publish"]

#: The entries in a description, and the longest text in a cell of them.
_MOST, _SHORT = 10, 80
#: The longest reasons in a terminal. Of a cell that is longer than this, format_table leaves only a
#: few words, and people would not see why a model was refused.
_LONGEST_WHY = 230


def publish(history: History) -> None:
    """Write the files of entries that have none, and the description of the registry run.

    MLflow's page of the registry run then shows the history without a command.
    """
    copy_entries(history)
    client = mlflow.MlflowClient()
    command = f"mlflow run . -e history -P {shlex.quote(f'name={history.name}')}"
    for run_id in history.runs:
        run = client.get_run(run_id)
        if run.info.status == "RUNNING":  # a process was killed after it had created the run
            client.set_terminated(run_id, "FINISHED")
        note = (
            f"The history of the registered model {as_code(history.name)}: "
            f"{n_of(len(history.entries), 'entry', 'entries')}. The entries are the parameters of "
            "this run, which MLflow never changes.\n\n"
            f"{history_markdown(history)}\n\n"
            f"To check all entries: {as_code(command)}"
        )
        if run.data.tags.get(MLFLOW_RUN_NOTE) != note:
            client.set_tag(run_id, MLFLOW_RUN_NOTE, note)


def history_table(history: History) -> pd.DataFrame:
    """Return a history as a table with a row for each entry.

    Returns
    -------
    pandas.DataFrame
        The columns `entry`, `when` (UTC), `who`, `what`, `version`, `verdict`, `why`, `run` and
        `digest`.
    """
    decided = {each.digest: each for each in history.entries if each.kind != DONE}
    versions = _versions(history)
    rows = [
        {
            "entry": each.number,
            "when": each.when[:19].replace("T", " "),
            "who": each.who,
            "what": _done(each.facts, decided) if each.kind == DONE else _decided(each),
            "version": versions.get(each.digest) or each.facts.get("version") or "",
            "verdict": str(each.facts.get("verdict", "")).replace("none", "").replace("_", " "),
            "why": "; ".join(map(str, each.facts.get("reasons", ()))),
            "run": each.run_id,
            "digest": each.digest,
        }
        for each in history.entries
    ]
    columns = ["entry", "when", "who", "what", "version", "verdict", "why", "run", "digest"]
    return pd.DataFrame(rows, columns=columns)


def history_markdown(history: History, most: int = _MOST) -> str:
    """Return the last entries of a history as a table in Markdown, the last one first.

    MLflow's page of a run shows only the beginning of a long description.
    """
    table = history_table(history).tail(most).iloc[::-1]
    if table.empty:
        return ""
    heading = ["entry", "when (UTC)", "who", "what", "version", "verdict", "why"]
    lines = [heading, ["---"] * len(heading)]
    for row in table.to_dict("records"):
        texts = [str(row[name.partition(" ")[0]]) for name in heading]
        lines.append([escaped(_cut(text)) for text in texts])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def printed_history(table: pd.DataFrame) -> str:
    """Return the table of `history_table` for a terminal, where long cells are cut."""
    whys = [_cut(str(why), _LONGEST_WHY) for why in table["why"]]
    shown = table.assign(why=whys, digest=table["digest"].str[:12])
    return format_table(shown.rename(columns={"when": "when (UTC)"}))


def _versions(history: History) -> dict[str, str]:
    """Return the versions of decisions that registered them, by the digest of their entry."""
    return {
        str(digest): str(each.facts.get("version") or "")
        for each in history.entries
        for digest in each.facts.get("closes", ())
    }


def _decided(entry: Entry) -> str:
    outcome = outcome_of(entry.kind, entry.facts)
    return outcome if outcome == "rolled back to" else f"{entry.kind}: {outcome}"


def _done(facts: Mapping[str, Any], decided: Mapping[str, Entry]) -> str:
    """Return in words what the entry says that closes a decision."""
    of = [str(decided[each].number) for each in facts.get("closes", ()) if each in decided]
    if undone := facts.get("undone"):
        said = f"nothing changed: {undone}"
    elif facts.get("champion") != facts.get("champion_before"):
        said = f"champion {facts.get('champion_before') or 'none'} → {facts.get('champion')}"
    else:
        said = f"champion stays {facts.get('champion') or 'none'}"
    return f"{' and '.join(of) or '?'} done: {said}"


def _cut(text: str, longest: int = _SHORT) -> str:
    return text if len(text) <= longest else f"{text[: longest - 2]} …"
