"""A saved model that is damaged, half written or changed is refused in one line, whoever loads it.

`seal_again` stands for someone who changes a file and writes a matching manifest.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import struct
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
from click.testing import CliRunner
from mlflow.exceptions import MlflowException

from fairrun.entrypoints import evaluate, serve
from fairrun.errors import RequestError
from fairrun.inference import ModelError, load_model, save_model
from fairrun.inference.manifest import NEEDED, sha256
from fairrun.models import load
from fairrun.models.open import open_model
from fairrun.models.seal import seal
from fairrun.serving.app import create_app
from tests.contract.conftest import Case

Tamper = Callable[[Path], object]

INFERENCE = "artifacts/inference"
MANIFEST, MODEL, GOLDEN, ARRAYS = (
    f"{INFERENCE}/{name}" for name in ("manifest.json", "model.json", "golden.json", "arrays.npz")
)
#: Files of each kind: ours with and without code, and those that only MLflow reads.
FILES = (
    *(MANIFEST, MODEL, GOLDEN, ARRAYS),
    *("code/inference/__init__.py", "code/inference/model.py", "code/inference/importing.py"),
    *("served_model.py", "input_example.json", "python_env.yaml", "requirements-hashed.txt"),
    "MLmodel",
)


def seal_again(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    beside = folder / INFERENCE
    manifest["sha256"] = {name: sha256((beside / name).read_bytes()) for name in NEEDED}
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    seal(folder)


def edit(name: str, change: Callable[[Any], object], *, sealed: bool = True) -> Tamper:
    """Change the content of a JSON file in place, or replace it by what `change` returns."""

    def tamper(folder: Path) -> None:
        content = json.loads((folder / name).read_text("utf-8"))
        changed = change(content)
        content = content if changed is None else changed
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / name).write_text(text, encoding="utf-8")
        if sealed:
            seal_again(folder)

    return tamper


def put(content: dict[str, Any], keys: str, value: object) -> None:
    *path, last = keys.split(">")
    for key in path:
        content = content[int(key) if isinstance(content, list) else key]
    content[last] = value


def arrays(change: Callable[[dict[str, Any]], object]) -> Tamper:
    """Change the arrays in place, and seal the model again."""

    def tamper(folder: Path) -> None:
        with np.load(folder / ARRAYS) as saved:
            content = {name: saved[name] for name in saved}
        change(content)
        np.savez(folder / ARRAYS, **content)
        seal_again(folder)

    return tamper


def to_first_array(change: Callable[[np.ndarray], object]) -> Tamper:
    return arrays(lambda a: a.update({"scorer.coefficients": change(a["scorer.coefficients"])}))


def to_array_file(change: Callable[[bytes], bytes]) -> Tamper:
    def tamper(folder: Path) -> None:
        path = folder / ARRAYS
        path.write_bytes(change(path.read_bytes()))
        seal_again(folder)

    return tamper


def claims_two_gigabytes(content: bytes) -> bytes:
    """A zip bomb: the table at the end says that the first array unpacks to 2 GiB."""
    place = content.index(b"PK\x01\x02") + 24
    return content[:place] + struct.pack("<I", 2**31 - 1) + content[place + 4 :]


def of_any_shape(_: bytes) -> bytes:
    """An array whose header states 8 TB, of which there are a few bytes."""
    written, header = io.BytesIO(), io.BytesIO()
    described = {"descr": "<f8", "fortran_order": False, "shape": (10**12,)}
    np.lib.format.write_array_header_1_0(header, described)
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("scorer.coefficients.npy", header.getvalue() + b"12345678")
    return written.getvalue()


def with_file(name: str, content: str = "") -> Tamper:
    def tamper(folder: Path) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")

    return tamper


def replaced(name: str, make: Callable[[Path], object]) -> Tamper:
    def tamper(folder: Path) -> None:
        (folder / name).unlink()
        make(folder / name)

    return tamper


def rewritten(name: str, change: Callable[[bytes], bytes]) -> Tamper:
    def tamper(folder: Path) -> None:
        path = folder / name
        path.write_bytes(change(path.read_bytes()))

    return tamper


def edited_encode_one(folder: Path) -> None:
    path = folder / "code/inference/encoder.py"
    source = path.read_text("utf-8")
    changed = source.replace("cells[start] = scaled", "cells[start] = scaled + 1")
    assert changed != source
    path.write_text(changed, encoding="utf-8")
    seal_again(folder)


NESTED = "[" * 200_000
TAMPERINGS: dict[str, Tamper] = {}
for file in FILES:
    TAMPERINGS |= {
        f"{file} missing": replaced(file, lambda _: None),
        f"{file} empty": rewritten(file, lambda _: b""),
        f"{file} cut off": rewritten(file, lambda content: content[: len(content) // 2]),
        f"{file} a folder": replaced(file, Path.mkdir),
        f"{file} a link to itself": replaced(file, lambda path: path.symlink_to(path)),
        f"{file} a link to nothing": replaced(file, lambda path: path.symlink_to("nothing")),
        f"{file} a pipe": replaced(file, os.mkfifo),
        f"{file} not text": rewritten(file, lambda _: b"\xff\xfe\x00"),
    }
    if file not in ("MLmodel", MANIFEST):
        TAMPERINGS[f"{file} a byte"] = rewritten(
            file, lambda c: c[:-2] + bytes([c[-2] ^ 1]) + c[-1:]
        )
for file in (MANIFEST, MODEL, GOLDEN):
    sealed = file != MANIFEST
    for content in ("{", "[]", "null", '"text"', "1", "{}", '{"a": NaN}', NESTED):
        TAMPERINGS[f"{file} is {content[:10]}"] = edit(file, lambda _, c=content: c, sealed=sealed)
TAMPERINGS |= {
    f"MLmodel is {content[:12]!r}": rewritten("MLmodel", lambda _, c=content: c)
    for content in (
        b"[]",
        b"1",
        b"flavors: 1",
        b"metadata: [1]",
        b"!!python/object:os.x {}",
        b"a: [",
    )
}
TAMPERINGS |= {
    f"MLmodel without {word}": rewritten("MLmodel", lambda c, w=word: c.replace(w, b"other"))
    for word in (b"flavors", b"signature", b"Male", b"served_model.py", b"fairrun:")
}
for keys, values in {
    "format_version": (0, 99, "4", True, None, 4.0, [4]),
    "sha256": (None, {}, [], {"model.json": "0" * 64}),
    "model_sha256": (None, {}, [], {"code/inference/__init__.py": "0" * 64}),
    "model_sha256>/etc/hostname": ("0" * 64,),
    "model_sha256>../../elsewhere": ("0" * 64,),
    "sha256>../model.json": ("0" * 64,),
    "mlmodel_sha256": (None, 1, "0" * 64),
}.items():
    for value in values:
        TAMPERINGS[f"manifest: {keys} = {value!r}"] = edit(
            MANIFEST, partial(put, keys=keys, value=value), sealed=False
        )
for keys, values in {
    "encoder": (None, [], {}, 1),
    "encoder>columns": (None, {}, [1], [{}]),
    "encoder>columns>0>kind": ("other", None),
    "encoder>columns>0>mean": ("1", None, [1], 1e300),
    "encoder>columns>0>extra": (1,),
    "scorer": (None, "other", "trees", {}),
    "transform": ("other", 3, {}, None),
    "decision": ("other", None, []),
    "groups": (None, [], {}),
    "draws": (None, [], {}, "a"),
    "cleaning": (None, [], 1),
    "changeable": (None, [1], {"a": 1}, [{}]),
}.items():
    for value in values:
        TAMPERINGS[f"model.json: {keys} = {value!r}"] = edit(
            MODEL, partial(put, keys=keys, value=value)
        )
for keys, values in {
    "rows": (None, [], {}, {"age": [1]}, {"age": []}),
    "log_odds": (None, [], ["a"], {}, [1.0], [None] * 32),
    "prediction": (None, [], [5] * 32, {}, "1"),
}.items():
    for value in values:
        TAMPERINGS[f"golden.json: {keys} = {str(value)[:20]}"] = edit(
            GOLDEN, partial(put, keys=keys, value=value)
        )
TAMPERINGS |= {
    "arrays: one too short": to_first_array(lambda a: a[:-1]),
    "arrays: one too long": to_first_array(lambda a: np.append(a, 0.0)),
    "arrays: another shape": to_first_array(lambda a: a[None]),
    "arrays: one number": to_first_array(lambda _: np.array(1.0)),
    "arrays: none": to_first_array(lambda _: np.empty(0)),
    "arrays: complex": to_first_array(lambda a: a + 1j),
    "arrays: text": to_first_array(lambda a: a.astype(str)),
    "arrays: dates": to_first_array(lambda a: a.astype("datetime64[s]")),
    "arrays: objects": to_first_array(lambda a: a.astype(object)),
    "arrays: NaN": to_first_array(lambda a: a * np.nan),
    "arrays: infinite": to_first_array(lambda a: a * np.inf),
    "arrays: other numbers": to_first_array(lambda a: a + 1e-6),
    "arrays: one missing": arrays(lambda a: a.pop("scorer.coefficients")),
    "arrays: all missing": arrays(dict.clear),
    "arrays: no zip": to_array_file(lambda _: b"no zip"),
    "arrays: zip of text": to_array_file(lambda _: zip_of("scorer.coefficients.npy", b"text")),
    "arrays: zip bomb": to_array_file(claims_two_gigabytes),
    "arrays: huge shape": to_array_file(of_any_shape),
    "code: a row alone": edited_encode_one,
    "code: a module more": with_file("code/pandas.py", "raise SystemExit"),
    "code: a module of the package more": with_file("code/inference/extra.py"),
    "code: a link to a folder": lambda f: (f / "code" / "more").symlink_to(f / "artifacts"),
    "artifacts: a file more": with_file("artifacts/inference/extra.bin"),
    "no folder of artifacts": lambda folder: shutil.rmtree(folder / "artifacts"),
    "no folder of code": lambda folder: shutil.rmtree(folder / "code"),
}


def zip_of(name: str, content: bytes) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr(name, content)
    return written.getvalue()


@pytest.fixture(scope="module")
def original(case: Case, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(case.folder, tmp_path_factory.mktemp("original") / "model"))


@pytest.mark.parametrize("name", TAMPERINGS)
def test_it_is_refused_in_one_line(original: Path, tmp_path: Path, name: str) -> None:
    assert_refused(tampered(original, tmp_path, name), load.load_model)


@pytest.mark.slow
@pytest.mark.parametrize("opened", [create_app, open_model], ids=["serve", "evaluate"])
@pytest.mark.parametrize("name", TAMPERINGS)
def test_the_server_and_evaluate_refuse_it(
    original: Path, tmp_path: Path, name: str, opened: Callable[[str], object]
) -> None:
    assert_refused(tampered(original, tmp_path, name), opened)


@pytest.mark.parametrize(
    "name",
    [
        *(f"{MANIFEST} missing", f"{GOLDEN} cut off", f"{MODEL} is {NESTED[:10]}"),
        *("arrays: zip bomb", "code/inference/model.py a byte", "code: a row alone"),
        *("MLmodel without b'Male'", "MLmodel empty", "model.json: scorer = 'trees'"),
    ],
)
def test_the_commands_end_with_2(original: Path, tmp_path: Path, name: str) -> None:
    folder = tampered(original, tmp_path, name)
    for command in (evaluate.main, serve.main):
        result = CliRunner().invoke(command, ["--model", str(folder)])
        assert result.exit_code == 2
        *_, last = result.output.splitlines()
        assert last.startswith(f"error: model={folder} ")
        assert "Traceback" not in result.output


def tampered(original: Path, tmp_path: Path, name: str) -> Path:
    folder = Path(shutil.copytree(original, tmp_path / "model"))
    TAMPERINGS[name](folder)
    return folder


def assert_refused(folder: Path, opened: Callable[[str], object]) -> None:
    with pytest.raises(RequestError) as refused:
        opened(str(folder))
    assert len(str(refused.value).splitlines()) == 1
    assert len(str(refused.value)) < 400 + 2 * len(str(folder))


@pytest.mark.parametrize("name", ["importing.py", "__init__.py", "draws.py"])
def test_changed_code_is_never_run(original: Path, tmp_path: Path, name: str) -> None:
    """MLflow's server does not ask the app; there, `served_model.py` checks the code first."""
    folder = Path(shutil.copytree(original, tmp_path / "model"))
    path = folder / "code" / "inference" / name
    own = f"import pathlib\npathlib.Path({str(tmp_path / 'run')!r}).touch()\n"
    path.write_text(path.read_text("utf-8") + own, encoding="utf-8")
    for opened in (load.load_model, create_app, open_model, mlflow.pyfunc.load_model):
        with pytest.raises((RequestError, MlflowException), match=f"{name} of the"):
            opened(str(folder))
    assert not (tmp_path / "run").exists()
    seal_again(folder)
    mlflow.pyfunc.load_model(str(folder))
    assert (tmp_path / "run").exists()


@pytest.mark.parametrize("content", [b"", b"[" * 100_000, b"[1]", b'{"model_sha256": 3}', None])
def test_mlflow_refuses_a_manifest_that_is_none(
    original: Path, tmp_path: Path, content: bytes | None
) -> None:
    folder = Path(shutil.copytree(original, tmp_path / "model"))
    (folder / MANIFEST).unlink()
    if content is None:
        os.mkfifo(folder / MANIFEST)
    else:
        (folder / MANIFEST).write_bytes(content)
    with pytest.raises(
        MlflowException, match=r"manifest\.json of the saved model is missing or was"
    ):
        mlflow.pyfunc.load_model(str(folder))


def test_what_does_no_harm_is_taken(original: Path, tmp_path: Path) -> None:
    """Compiled files, what MLflow writes again, and a link to the same content."""
    folder = Path(shutil.copytree(original, tmp_path / "model"))
    seal_again(folder)
    with_file("code/inference/__pycache__/model.cpython-311.pyc", "no code")(folder)
    with_file("registered_model_meta", "model_name: income\nmodel_version: 1\n")(folder)
    with_file("requirements.txt", "mlflow\n")(folder)
    moved = (folder / GOLDEN).rename(tmp_path / "golden.json")
    (folder / GOLDEN).symlink_to(moved)
    path = folder / "MLmodel"
    text = path.read_text("utf-8")
    path.write_text(text.replace("utc_time_created", "registered: 1\nutc_time_created"), "utf-8")
    for opened in (load.load_model, create_app, open_model):
        opened(str(folder))


@pytest.mark.parametrize("kept", [0, 1, 2, 3])
def test_a_folder_that_was_written_in_part_is_refused(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    """Whatever file the disk was full at, or the process was killed before."""
    write = Path.write_bytes
    written: list[Path] = []

    def write_some(path: Path, content: bytes) -> int:
        if len(written) == kept:
            write(path, content[:10])
            raise OSError(28, "No space left on device")
        written.append(path)
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", write_some)
    with pytest.raises(OSError, match="No space"):
        save_model(case.model, tmp_path)
    with pytest.raises(ModelError):
        load_model(tmp_path)
