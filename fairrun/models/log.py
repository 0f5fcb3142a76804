"""Logs a fitted classifier as an MLflow model that any MLflow server can serve."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import mlflow
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema, TensorSpec

import fairrun.inference
from fairrun.data import DatasetSpec
from fairrun.groups import ProtectedColumn
from fairrun.inference import InferenceModel, Numeric, save_model
from fairrun.inference.importing import without_bytecode
from fairrun.inference.pyfunc import ARTIFACT_NAME, PARAMETERS
from fairrun.tracking.names import METADATA, MODEL_NAME
from fairrun.training import example_row

__all__ = ["LoggedModel", "log_model", "model_signature"]

_CODE = Path(fairrun.inference.__file__).parent
#: What a served model needs: neither holisticai nor jax, and no scikit-learn of its own.
_REQUIREMENTS = ("mlflow", "numpy", "pandas")


@dataclass(frozen=True)
class LoggedModel:
    """A model that was logged.

    Attributes
    ----------
    uri : str
        `models:/<model id>`.
    model_id : str
        MLflow's id.
    n_bytes : int
        Size of what was saved: arrays, golden answers and code.
    """

    uri: str
    model_id: str
    n_bytes: int


def model_signature(model: InferenceModel) -> ModelSignature:
    """Build the signature: raw columns in, three columns out, and the parameters to ask for more.

    A protected column is among the inputs only if the model reads it; so is a row key.
    """
    inputs: list[ColSpec | TensorSpec] = [
        ColSpec(DataType.double if isinstance(column, Numeric) else DataType.string, column.name)
        for column in model.encoder.columns
    ]
    if model.groups is not None:
        kind = DataType.string if model.groups.is_text else DataType.double
        inputs.append(ColSpec(kind, model.groups.column))
    if model.draws is not None and model.draws.row_key is not None:
        kind = DataType.string if model.draws.row_key_is_text else DataType.double
        inputs.append(ColSpec(kind, model.draws.row_key))
    outputs: list[ColSpec | TensorSpec] = [
        ColSpec(DataType.long, "prediction"),
        ColSpec(DataType.double, "probability"),
        ColSpec(DataType.double, "decision_probability"),
    ]
    parameters = [
        ParamSpec(name, DataType.boolean if isinstance(default, bool) else DataType.long, default)
        for name, default in PARAMETERS.items()
    ]
    return ModelSignature(Schema(inputs), Schema(outputs), ParamSchema(parameters))


def log_model(
    model: InferenceModel, spec: DatasetSpec, columns: Sequence[ProtectedColumn], mitigator: str
) -> LoggedModel:
    """Log a model to the active run, under the name `model`.

    Parameters
    ----------
    model : InferenceModel
        What is served.
    spec : DatasetSpec
        The data set; kept in the model's metadata without its source, so that `evaluate` knows the
        target and which groups to compare.
    columns : sequence of ProtectedColumn
        The protected columns as training saw them.
    mitigator : str
        The mitigator's name.

    Returns
    -------
    LoggedModel
        Its URI, id and size.
    """
    example = example_row(model.encoder)
    if model.groups is not None:
        example[model.groups.column] = [model.groups.group_a[0]]
    if model.draws is not None and model.draws.row_key is not None:
        example[model.draws.row_key] = ["1"] if model.draws.row_key_is_text else [1.0]
    described = {k: v for k, v in spec.to_dict().items() if k not in ("source", "digests")}
    # MLflow loads the model from its folder, to try the example.
    with tempfile.TemporaryDirectory() as folder, without_bytecode():
        saved = Path(folder) / ARTIFACT_NAME
        save_model(model, saved)
        code = list(_CODE.glob("*.py"))
        n_bytes = sum(path.stat().st_size for path in [*saved.iterdir(), *code])
        info = mlflow.pyfunc.log_model(
            name=MODEL_NAME,
            python_model=str(_CODE / "served_model.py"),
            artifacts={ARTIFACT_NAME: str(saved)},
            code_paths=[str(_CODE)],
            signature=model_signature(model),
            input_example=example,
            pip_requirements=[f"{name}=={version(name)}" for name in _REQUIREMENTS],
            metadata={
                METADATA: {
                    "mitigator": mitigator,
                    "dataset": described,
                    "protected": [column.to_dict() for column in columns],
                }
            },
        )
    return LoggedModel(info.model_uri, info.model_id, n_bytes)
