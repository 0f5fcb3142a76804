"""Requests made up from the OpenAPI document, as it allows them and as it does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from fairrun.serving.app import create_app
from tests.contract.conftest import Case
from tests.serving.running import in_a_thread

OPERATIONS = [
    ("POST", "/predict"),
    *(("GET", path) for path in ("/health", "/ready", "/version", "/metrics")),
]
CHECKS: list[Any] = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
SLOW = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


@pytest.fixture(scope="module")
def address(case: Case) -> Iterator[str]:
    with in_a_thread(create_app(case.uri, processes=1)) as address:
        yield address


@pytest.fixture(scope="module")
def api(address: str) -> Any:
    document = requests.get(f"{address}/openapi.json", timeout=30).json()
    return schemathesis.openapi.from_dict(document)


def test_all_operations_are_tested(api: Any) -> None:
    found = [operation.ok() for operation in api.get_all_operations()]
    assert [(each.method.upper(), each.path) for each in found] == OPERATIONS


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
@settings(max_examples=50, suppress_health_check=SLOW)
@given(data=st.data())
def test_what_is_allowed(
    api: Any, address: str, method: str, path: str, data: st.DataObject
) -> None:
    case = data.draw(api[path][method].as_strategy())
    case.validate_response(case.call(base_url=address), checks=CHECKS)


@settings(max_examples=100, suppress_health_check=SLOW)
@given(data=st.data())
def test_what_is_not(api: Any, address: str, data: st.DataObject) -> None:
    strategy = api["/predict"]["POST"].as_strategy(generation_mode=GenerationMode.NEGATIVE)
    case = data.draw(strategy)
    case.validate_response(case.call(base_url=address), checks=CHECKS)
