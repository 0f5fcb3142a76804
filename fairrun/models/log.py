"""Log a fitted classifier as an MLflow model that any MLflow server can serve."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema, TensorSpec
from mlflow.types.schema import AnyType
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NOTE

import fairrun.inference
from fairrun.data import DatasetSpec
from fairrun.groups import ProtectedColumn
from fairrun.inference import InferenceModel, describe, save_model
from fairrun.inference.pyfunc import ARTIFACT_NAME, PARAMETERS
from fairrun.models import flavor
from fairrun.models.requirements import lock_digest, pinned_requirements
from fairrun.tracking.names import CONSTRAINT, LOCK, METADATA, MODEL_NAME
from fairrun.training import example_row

__all__ = ["LoggedModel", "log_model", "model_signature"]

_CODE = Path(fairrun.inference.__file__).parent


@dataclass(frozen=True)
class LoggedModel:
    """The result of logging a model.

    Attributes
    ----------
    uri : str
        The model URI, ``models:/<model id>``.
    model_id : str
        MLflow's id of the model.
    n_bytes : int
        The size of the saved arrays, golden answers and code, in bytes.
    """

    uri: str
    model_id: str
    n_bytes: int


def model_signature(model: InferenceModel) -> ModelSignature:
    """Return the signature of a model: raw input columns, three output columns and parameters.

    The protected column and the row key are inputs only if the model uses them in prediction. All
    inputs have MLflow's type `any`, so that MLflow passes every dtype on and the model's own input
    policy answers. The type `double` would refuse int64, and `long` would cut 38.5 to 38.
    """
    any_type = AnyType()  # type: ignore[no-untyped-call]
    inputs: list[ColSpec | TensorSpec] = [ColSpec(any_type, name) for name in model.columns]
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
    model: InferenceModel,
    spec: DatasetSpec,
    protected: Sequence[ProtectedColumn],
    mitigator: str,
    constraint: str = "",
    *,
    more: Mapping[str, str] | None = None,
    about: str = "",
    name: str = MODEL_NAME,
    run_id: str | None = None,
    step: int = 0,
) -> LoggedModel:
    """Log a model, in the experiment of the active run.

    Parameters
    ----------
    model : InferenceModel
        The model.
    spec : DatasetSpec
        The data set. The metadata of the model contain it without its source, so that `evaluate`
        knows the target and the groups.
    protected : sequence of ProtectedColumn
        The protected columns with the values of the training rows.
    mitigator : str
        The name of the mitigator.
    constraint : str
        The constraint of the mitigator, from `Mitigation.constraint`. `evaluate` checks it. Empty
        if the mitigator has none.
    more : mapping of str to str, optional
        Further entries of the metadata of the model.
    about : str
        A paragraph for the description of the model in MLflow's UI.
    name : str
        The name of the model in the run, with which `runs:/<run id>/<name>` is its URI.
    run_id : str, optional
        The run that the model comes from, and whose parameters it has; the active run by default.
    step : int
        The step of the run. MLflow shows the metrics that the run has at this step on the page of
        the model.

    Returns
    -------
    LoggedModel
    """
    example = example_row(model.encoder)
    if model.groups is not None:
        example[model.groups.column] = [model.groups.examples[0]]
    if model.draws is not None and model.draws.row_key is not None:
        example[model.draws.row_key] = ["1"] if model.draws.row_key_is_text else [1.0]
    columns = _columns(model)
    described = {k: v for k, v in spec.to_dict().items() if k not in ("source", "digests")}
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / ARTIFACT_NAME
        save_model(model, saved)
        code = list(_CODE.glob("*.py"))
        n_bytes = sum(path.stat().st_size for path in [*saved.iterdir(), *code])
        info = Model.log(
            None,
            flavor,
            name=name,
            run_id=run_id,
            step=step,
            flavor_name="pyfunc.ModelFromCode",  # as mlflow.pyfunc.log_model says
            python_model=str(_CODE / "served_model.py"),
            artifacts={ARTIFACT_NAME: str(saved)},
            code_paths=[str(_CODE)],
            signature=model_signature(model),
            input_example=example,
            pip_requirements=[*pinned_requirements()],
            tags={MLFLOW_RUN_NOTE: _note(columns, about)},
            metadata={
                METADATA: {
                    "mitigator": mitigator,
                    CONSTRAINT: constraint,
                    LOCK: lock_digest(),
                    "columns": columns,
                    "dataset": described,
                    "protected": [column.to_dict() for column in protected],
                    **(more or {}),
                }
            },
        )
    return LoggedModel(info.model_uri, info.model_id, n_bytes)


def _columns(model: InferenceModel) -> list[dict[str, str]]:
    """Return the name, type and role of each input column, which the signature does not show."""
    columns = describe(model)["columns"]
    return [{key: column[key] for key in ("name", "type", "role")} for column in columns]


def _note(columns: list[dict[str, str]], about: str) -> str:
    """Return the description of a model in MLflow's UI, with a line for each input column."""
    lines = (
        f"- {column['name']}: {column['type']}"
        + ("" if column["role"] == "feature" else f" ({column['role'].replace('_', ' ')})")
        for column in columns
    )
    head = f"{about}\n\n" if about else ""
    return f"{head}Input columns (any dtype):\n\n" + "\n".join(lines)
