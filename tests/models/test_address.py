"""Model URIs that no store can have."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairrun.errors import RequestError
from fairrun.models.address import check_address

_RUN = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("nowhere", "because there is no such folder (a relative path is looked for in "),
        ("x" * 300, "because there is no such folder"),
        ("file:///nowhere/model", "because there is no such folder; give runs:/<run id>/model"),
        (_RUN, f"because it is the id of a run and not a model; give runs:/{_RUN}/model"),
        (f"m-{_RUN}", f"because it is the id of a model and not a URI; give models:/m-{_RUN}"),
        (f"runs:/{_RUN}", f"because it names no artifact of a run; give runs:/{_RUN}/model"),
        ("runs:/", "give runs:/<run id>/model"),
        ("run:/x/model", "because run: is not a scheme of models; did you mean runs:/?"),
        ("model:/x/1", "because model: is not a scheme of models; did you mean models:/?"),
        ("models:/income", "because it names no version; give models:/income/<version> or"),
        ("models:/a/b/c", "because it has another form than models:/; give models:/<name>/<vers"),
    ],
)
def test_an_address_that_is_none(uri: str, said: str) -> None:
    with pytest.raises(RequestError) as refused:
        check_address(uri)
    line = str(refused.value)
    assert line.startswith(f"model={uri} cannot be loaded, because ")
    assert said in line
    assert "\n" not in line


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="because the folder has no file MLmodel; give"):
        check_address(str(tmp_path))
    (tmp_path / "MLmodel").touch()
    check_address(str(tmp_path))
    check_address(tmp_path.as_uri())
    with pytest.raises(RequestError, match="because it is a file, no folder"):
        check_address(str(tmp_path / "MLmodel"))


@pytest.mark.parametrize(
    "uri", [f"runs:/{_RUN}/model", "models:/a/1", "models:/a@b", f"models:/m-{_RUN}", "s3://a/b"]
)
def test_an_address_that_a_store_may_have(uri: str) -> None:
    check_address(uri)
