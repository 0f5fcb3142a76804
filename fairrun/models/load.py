"""A logged model, for Python."""

from __future__ import annotations

from pathlib import Path

from fairrun.models.saved import SavedModel, load_saved

__all__ = ["load_model"]


def load_model(uri: str | Path) -> SavedModel:
    """Load a logged model, to predict with it in Python.

    Parameters
    ----------
    uri : str or Path
        A folder, which is read without MLflow; or a model URI: `runs:/<run id>/model`,
        `models:/<name>/<version>`, `models:/<name>@<alias>`.

    Returns
    -------
    SavedModel
        The model, run by the code it was saved with.

    Raises
    ------
    RequestError
        If it cannot be fetched, was not made by fairrun, or is refused: a file was changed, its
        format is not known, or its golden rows are answered otherwise than when it was saved.
    """
    folder = Path(uri)
    if not (folder / "MLmodel").is_file():
        from fairrun.models.open import fetch_model  # a folder is opened without MLflow

        folder, _ = fetch_model(str(uri))
    return load_saved(folder)
