"""Servers for comparison: `python benchmarks/_serving_peers.py ROLE FOLDER [PORT]`.

The role `prepare` saves the tutorial's model, a constant model, and the bodies of requests. The
role `tutorial` serves the tutorial's model as the tutorial does. The role `trivial` sends the same
bytes as the answer to every request, which measures the client alone.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import _project  # noqa: F401


def prepare(folder: Path) -> None:
    """Save the tutorial's model as the tutorial does, a constant model, and request bodies."""
    import mlflow
    import numpy as np
    import pandas as pd
    from holisticai.bias.mitigation import Reweighing
    from holisticai.pipeline import Pipeline
    from sklearn.linear_model import LogisticRegression

    from fairrun.data.census import load_census

    raw = load_census().dropna().reset_index(drop=True)
    y = (raw["class"] == ">50K").astype(int)
    columns = raw.drop(columns=["class", "race", "education-num"])
    X = pd.get_dummies(columns.drop(columns="sex")).astype(np.float64)
    group_a, group_b = raw["sex"] == "Male", raw["sex"] == "Female"
    pipeline = Pipeline(
        steps=[("bm_preprocessing", Reweighing()), ("estimator", LogisticRegression())]
    )
    pipeline.fit(X, y, bm__group_a=group_a, bm__group_b=group_b)

    class Served(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
        def predict(self, context: object, model_input: pd.DataFrame) -> Any:  # noqa: ARG002
            return pipeline.predict(model_input)

    class Constant(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
        def predict(self, context: object, model_input: pd.DataFrame) -> Any:  # noqa: ARG002
            n = len(model_input)
            names = ("prediction", "probability", "decision_probability")
            dtypes = (np.int64, np.float64, np.float64)
            zeros = {
                name: np.zeros(n, dtype=dtype) for name, dtype in zip(names, dtypes, strict=True)
            }
            return pd.DataFrame(zeros)

    requirements = ["mlflow", "numpy", "pandas"]
    mlflow.pyfunc.save_model(
        folder / "tutorial", python_model=Served(), pip_requirements=requirements
    )
    signature = mlflow.models.Model.load(folder / "ours" / "MLmodel").signature
    mlflow.pyfunc.save_model(
        folder / "constant",
        python_model=Constant(),
        pip_requirements=requirements,
        signature=signature,
    )
    numbers = columns.select_dtypes("number").columns
    typed = columns.astype(dict.fromkeys(numbers, np.float64))
    big = np.resize(np.arange(len(raw)), 100_000)
    for name, frame in (("raw", typed), ("encoded", X)):
        singles = [frame.iloc[[row]].to_json(orient="split") for row in range(5000)]
        (folder / f"{name}.jsonl").write_text("\n".join(singles) + "\n", encoding="utf-8")
        (folder / f"{name}.100k.jsonl").write_text(
            frame.iloc[big].to_json(orient="split") + "\n", encoding="utf-8"
        )
    rng = np.random.default_rng(0)
    batches = [rng.choice(len(raw), size) for size in rng.choice([1, 1, 1, 5, 20, 40], 1000)]
    mixed = [typed.iloc[batch].to_json(orient="split") for batch in batches]
    (folder / "mixed.jsonl").write_text("\n".join(mixed) + "\n", encoding="utf-8")
    for name in ("raw", "raw.100k"):
        lines = (folder / f"{name}.jsonl").read_text("utf-8").splitlines()
        wrapped = [f'{{"dataframe_split": {line}}}' for line in lines]
        (folder / f"mlflow.{name}.jsonl").write_text("\n".join(wrapped) + "\n", encoding="utf-8")


def tutorial(folder: Path, port: int) -> None:
    """Serve the tutorial's model as the tutorial does."""
    import mlflow
    import pandas as pd
    import uvicorn
    from fastapi import FastAPI, Request

    app, model = FastAPI(), mlflow.pyfunc.load_model(str(folder / "tutorial"))

    async def predict(request: Request) -> dict[str, Any]:
        body = await request.json()
        frame = pd.DataFrame(body["data"], columns=body["columns"], index=body["index"])
        return {"predictions": model.predict(frame).tolist()}

    # With postponed annotations, FastAPI cannot resolve the annotations of a nested function.
    predict.__annotations__["request"] = Request
    app.post("/predict", response_model=None)(predict)
    uvicorn.run(app, port=port, log_level="warning", access_log=False)


class _Trivial(asyncio.Protocol):
    _BODY = json.dumps({"predictions": [0], "probabilities": [0.216093592184424]}).encode()
    _ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(_BODY), _BODY)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:  # noqa: ARG002 - a small request is one piece
        self.transport.write(self._ANSWER)


def trivial(folder: Path, port: int) -> None:  # noqa: ARG001
    """Send the same answer to every request."""
    import uvloop

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(_Trivial, "127.0.0.1", port)
        await server.serve_forever()

    uvloop.run(serve())


if __name__ == "__main__":
    role, place, *port_ = sys.argv[1:]
    {"prepare": prepare, "tutorial": tutorial, "trivial": trivial}[role](
        Path(place), *map(int, port_)
    )
