"""One small model, which reads the group and draws labels, and its app."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pandas as pd
import pytest

from fairrun.data import Dataset
from fairrun.models.saved import SavedModel, load_saved
from fairrun.serving.app import App, create_app
from tests.contract.conftest import Case, make_case, people, rows, store

__all__ = ["people", "rows", "store"]

Ask = Callable[..., httpx.Response]


@pytest.fixture(scope="session")
def case(people: Dataset, store: str) -> Case:
    return make_case(people, {"mitigator": "correlation_remover+equalized_odds"})


@pytest.fixture(scope="session")
def saved(case: Case) -> SavedModel:
    return load_saved(case.folder)


@pytest.fixture
def good(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows that are answered."""
    return rows.drop(columns="key").iloc[20:60].reset_index(drop=True)


@pytest.fixture
def app(case: Case) -> App:
    return create_app(case.uri)


@pytest.fixture
def ask(app: App) -> Ask:
    """Send a request to the app; text and bytes are sent as they are, the rest as JSON."""
    return lambda *args, **options: send(app, *args, **options)


def send(
    app: App, body: Any = None, path: str = "/predict", method: str = "POST", **options: Any
) -> httpx.Response:
    content = body if isinstance(body, str | bytes) or body is None else json.dumps(body)
    headers = {"content-type": "application/json"} | options.pop("headers", {})

    async def answered() -> httpx.Response:
        # The address is what the server is bound to; errors that are raised are bugs.
        transport = httpx.ASGITransport(app)
        address = options.pop("address", "http://127.0.0.1")
        async with httpx.AsyncClient(transport=transport, base_url=address) as client:
            return await client.request(method, path, content=content, headers=headers, **options)

    return asyncio.run(answered())


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Give rows as JSON has them, to the bit: `to_json` rounds to ten digits."""
    return [
        {k: None if pd.isna(v) else v for k, v in row.items()} for row in frame.to_dict("records")
    ]
