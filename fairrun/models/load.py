"""Load a logged model in Python."""

from __future__ import annotations

from pathlib import Path

from fairrun.models.saved import SavedModel, load_saved

__all__ = ["load_model"]


def load_model(uri: str | Path) -> SavedModel:
    """Load a logged model for predictions in Python.

    Parameters
    ----------
    uri : str or Path
        The folder of a model, which is read without MLflow, or a model URI:
        ``runs:/<run id>/model``, ``models:/<name>/<version>`` or ``models:/<name>@<alias>``.

    Returns
    -------
    SavedModel
        The model, which uses the code that was saved with it.

    Raises
    ------
    RequestError
        If the model cannot be loaded or was not made by fairrun, a file was changed, the format is
        unknown, or the answer to a golden row differs from that at the time of saving.
    StoreError
        If the tracking store or the artifact store cannot be used.
    """
    folder = Path(uri)
    if not (folder / "MLmodel").is_file():
        from fairrun.models.open import fetch_model  # imports MLflow, which a folder does not need

        folder, _ = fetch_model(str(uri))
    return load_saved(folder)
