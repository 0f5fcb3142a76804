"""Change a registered model by steps that are the same when they are repeated."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

import mlflow
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from fairrun.errors import RequestError
from fairrun.text import as_code, did_you_mean, listed_names
from fairrun.tracking.faults import is_not_there, without_password
from fairrun.tracking.names import REGISTRY_EXPERIMENT
from fairrun.tracking.store import open_store

__all__ = [
    "GoneError",
    "aliases_of",
    "check_name",
    "has_version",
    "registered_version",
    "set_alias",
    "unknown_name",
    "versions_of",
    "write_version",
]

#: The longest name and the longest description that databases take.
_LONGEST_NAME = 256
_LONGEST_DESCRIPTION = 5_000
#: The names that are compared with a name that is not registered.
_MOST_NAMES = 200
#: Characters that MLflow refuses in a name, or that its URI `models:/NAME@champion` cannot have.
_NOT_IN_NAMES = "/:?"


class GoneError(Exception):
    """What a decision is about was deleted; the message says what."""


def check_name(name: str) -> None:
    """Refuse a name that a registered model cannot have.

    Raises
    ------
    RequestError
        If MLflow refuses the name, or no URI of a model can hold it.

    Examples
    --------
    >>> check_name("income/2026")
    Traceback (most recent call last):
    ...
    fairrun.errors.RequestError: name='income/2026' has the character '/', which the name of a \
registered model cannot have; give a name such as income
    """
    instead = "give a name such as income"
    if not name.strip():
        raise RequestError(f"name={name!r} is empty; {instead}")
    if found := [each for each in name if each in _NOT_IN_NAMES or not each.isprintable()]:
        raise RequestError(
            f"name={name!r} has the character {found[0]!r}, which the name of a registered model "
            f"cannot have; {instead}"
        )
    if name != name.strip() or set(name) == {"."}:
        raise RequestError(f"name={name!r} begins or ends with a blank, or is a path; {instead}")
    if len(name) > _LONGEST_NAME:
        raise RequestError(
            f"the name has {len(name):,} characters, and the longest is {_LONGEST_NAME}; {instead}"
        )


def aliases_of(name: str) -> dict[str, str]:
    """Return the version of each alias of a registered model; nothing if there is no such model.

    Raises
    ------
    RequestError
        If the name is that of a prompt, which MLflow keeps beside models.
    """
    open_store()
    try:
        model = mlflow.MlflowClient().get_registered_model(name)
    except MlflowException as error:
        if not _is_gone(error):
            raise
        return {}
    if model._is_prompt():  # type: ignore[no-untyped-call]
        raise RequestError(f"name={name!r} is a prompt in the registry; give another name")
    return {alias: str(version) for alias, version in model.aliases.items()}


def versions_of(name: str) -> list[ModelVersion] | None:
    """Return the versions of a registered model, the lowest first; None if there is no such model.

    MLflow cannot search for a name with both kinds of quotes. Of such a name, only versions with an
    alias are found.
    """
    client = mlflow.MlflowClient()
    try:
        model = client.get_registered_model(name)
    except MlflowException as error:
        if not _is_gone(error):
            raise
        return None
    quote = next((each for each in "'\"" if each not in name), None)
    if quote is None:
        found = [_version(name, str(each)) for each in {*model.aliases.values()}]
    else:
        found = [*client.search_model_versions(f"name = {quote}{name}{quote}")]
    return sorted(found, key=lambda each: int(each.version))


def has_version(name: str, version: str) -> bool:
    """Return whether a registered model has a version. Deleted versions do not count."""
    try:
        _version(name, version)
    except GoneError:
        return False
    return True


def unknown_name(name: str) -> str:
    """Return the message for a name that no registered model has, with the nearest name."""
    found = mlflow.MlflowClient().search_registered_models(max_results=_MOST_NAMES)
    names = sorted(each.name for each in found)
    known = f"the registered models are {listed_names(names)}"
    nearest = did_you_mean(name, names, known if names else "no model is registered there")
    store = without_password(mlflow.get_registry_uri())
    return f"name={name!r}: the registry {store} has no such registered model; {nearest}"


def registered_version(name: str, model_id: str, source: str, trained_by: str) -> str:
    """Return the version of a logged model, and register the model unless it is registered.

    If two processes register it at once, both return the lower version.

    Raises
    ------
    GoneError
        If the logged model was deleted.
    """
    client = mlflow.MlflowClient()
    try:
        client.get_registered_model(name)
    except MlflowException as error:
        if not _is_gone(error):
            raise
        _create_model(name)
    if found := _versions_of(name, source):
        return found[0]
    try:
        client.get_logged_model(model_id)
    except MlflowException as error:
        if not _is_gone(error):
            raise
        raise GoneError(f"the logged model {model_id} is gone") from error
    client.create_model_version(name, source, trained_by or None, model_id=model_id)
    return _versions_of(name, source)[0]


def write_version(name: str, version: str, tags: Mapping[str, str], description: str) -> None:
    """Set the tags of a version, and its description unless that is empty.

    Raises
    ------
    GoneError
        If the version was deleted.
    """
    client = mlflow.MlflowClient()
    found = _version(name, version)
    for key, value in tags.items():
        if found.tags.get(key) != value:
            client.set_model_version_tag(name, version, key, value)
    description = description[:_LONGEST_DESCRIPTION]
    if description and description != found.description:
        client.update_model_version(name, version, description)


def set_alias(name: str, alias: str, version: str) -> None:
    """Set an alias unless it is set."""
    if aliases_of(name).get(alias) != version:
        mlflow.MlflowClient().set_registered_model_alias(name, alias, version)


def _version(name: str, version: str) -> ModelVersion:
    try:
        return mlflow.MlflowClient().get_model_version(name, version)
    except MlflowException as error:
        if not _is_gone(error):
            raise
        raise GoneError(f"version {version} of {name!r} is gone") from error


def _described(name: str) -> str:
    """Return the description of a new registered model, which says where its history is."""
    command = f"mlflow run . --env-manager local -e history -P {shlex.quote(f'name={name}')}"
    return (
        f"To see who promoted which version and why, type in the folder of fairrun:\n\n"
        f"```bash\n{command}\n```\n\nThe last entries are also the description of the run "
        f"{as_code(f'registry · {name}')} in the experiment {as_code(REGISTRY_EXPERIMENT)}."
    )


def _create_model(name: str) -> None:
    client = mlflow.MlflowClient()
    try:
        client.create_registered_model(name, description=_described(name))
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise  # and otherwise another process has just created it


def _versions_of(name: str, source: str) -> list[str]:
    """Return the versions of a logged model under a name, the lowest first."""
    # The name can have quotes, which a filter cannot escape, so the names are compared here.
    found = mlflow.MlflowClient().search_model_versions(f"source_path = '{source}'")
    ours = [int(e.version) for e in found if e.name == name and e.source == source]
    return [str(version) for version in sorted(ours)]


def _is_gone(error: MlflowException) -> bool:
    return error.error_code == "RESOURCE_DOES_NOT_EXIST" and is_not_there(error)
