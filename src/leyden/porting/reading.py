"""Find models in a JSON file, or in a JavaScript module with the help of Node.js."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from leyden._text import did_you_mean
from leyden.porting.context import ModelError, NodeError

TIME_LIMIT: Final = 60.0
"""How many seconds a module may take to load."""

_READER: Final = Path(__file__).with_name("reader.mjs")
_SCRIPTS: Final = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts")
_TYPESCRIPT: Final = (".ts", ".mts", ".cts")
_DEEPEST: Final = 5
_UNKNOWN_EXTENSION: Final = frozenset(
    {"ERR_UNKNOWN_FILE_EXTENSION", "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX", "SyntaxError"}
)


@frozen
class FoundModel:
    """A model and its names in the file.

    `exports` are the names under which it can be chosen. `alias` is its name in a service.
    """

    model: Mapping[str, Any]
    exports: tuple[str, ...] = ()
    alias: str | None = None
    table: str | None = None
    identifiers: tuple[str, ...] = ()
    """The fields with the entity's name and version, if they are not ElectroDB's usual ones."""

    @property
    def entity(self) -> str:
        """The entity's name in the model, empty if it has none."""
        inner = self.model.get("model")
        named = inner.get("entity") if isinstance(inner, Mapping) else self.model.get("entity")
        return named if isinstance(named, str) else ""


@frozen
class Found:
    """All models of a file. `functions` names exports that may return models when called."""

    models: tuple[FoundModel, ...]
    functions: tuple[str, ...] = ()

    def choose(self, exports: Iterable[str]) -> tuple[FoundModel, ...]:
        """Return the models with these export names, aliases or entity names; without names, all.

        Raises ModelError for a name that does not exist.
        """
        wanted = list(exports)
        if not wanted:
            return self.models
        chosen: dict[int, FoundModel] = {}
        for name in wanted:
            fitting = [model for model in self.models if name in _names(model)]
            if not fitting:
                known = {
                    known: None
                    for model in self.models
                    for known in model.exports or (model.alias or model.entity,)
                    if known
                }
                close = did_you_mean(name, [n for model in self.models for n in _names(model)])
                raise ModelError(
                    f'the file has no model "{name}"{close}; it has {", ".join(known)}'
                )
            chosen.update((self.models.index(model), model) for model in fitting)
        return tuple(chosen[place] for place in sorted(chosen))


def _names(model: FoundModel) -> set[str]:
    found = {model.alias or "", model.entity}
    for export in model.exports:
        parts = export.split(".")
        # A service's name chooses all its entities, and an object's name all models in it.
        found |= {".".join(parts[: i + 1]) for i in range(len(parts))}
    return found - {""}


def read_models(file: str | os.PathLike[str]) -> Found:
    """Find the ElectroDB models in a file.

    A JSON file holds one model, a list of models, or a mapping from names to models. Node.js runs a
    JavaScript module, whose exports may be models, entities, services, or objects of these.
    TypeScript works if the installed Node.js reads it.

    Raises ModelError if there are no models, and NodeError if Node.js is missing or cannot run the
    module.

    >>> [model.entity for model in read_models("models.mjs").models]     # doctest: +SKIP
    ['task', 'employee']
    """
    path = Path(file)
    if not path.is_file():
        raise ModelError("no such file", place=str(path))
    found = _module(path) if path.suffix in _SCRIPTS else _json(path)
    if not found.models:
        what = "exports no ElectroDB model, entity or service"
        if path.suffix not in _SCRIPTS:
            what = "contains no ElectroDB model"
        elif found.functions:
            what += (
                f"; it exports functions ({', '.join(found.functions[:5])}): write a small module "
                "that calls the right one and exports its result"
            )
        raise ModelError(what, place=str(path))
    return found


def _json(path: Path) -> Found:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"cannot be read: {error.strerror}", place=str(path)) from error
    except UnicodeDecodeError as error:
        raise ModelError("is not UTF-8", place=str(path)) from error
    except json.JSONDecodeError as error:
        raise ModelError(
            f"is not JSON: {error.msg}", place=f"{path}:{error.lineno}:{error.colno}"
        ) from error
    except RecursionError as error:
        raise ModelError("is nested too deep", place=str(path)) from error
    models: list[FoundModel] = []
    _search(content, (), models)
    return Found(tuple(models))


def _search(value: Any, path: tuple[str, ...], models: list[FoundModel]) -> None:
    """Collect models; in a mapping, a model's name is its key."""
    if isinstance(value, list):
        for i, inner in enumerate(value):
            _search(inner, (*path, str(i)), models)
    elif isinstance(value, dict):
        if isinstance(value.get("attributes"), dict) and isinstance(value.get("indexes"), dict):
            named = bool(path) and not path[-1].isdigit()
            models.append(
                FoundModel(value, (".".join(path),) if path else (), path[-1] if named else None)
            )
        elif len(path) < _DEEPEST:
            for name, inner in value.items():
                _search(inner, (*path, name), models)


def _module(path: Path) -> Found:
    node = shutil.which("node")
    if node is None:
        raise NodeError(
            f"{path} is a module, which only Node.js can read, and `node` is not on the PATH; "
            "install Node.js, or write the model to a JSON file"
        )
    with tempfile.TemporaryDirectory(prefix="leyden-") as folder:
        output = Path(folder) / "models.json"
        try:
            ran = subprocess.run(
                [node, str(_READER), str(path), str(output)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=TIME_LIMIT,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise NodeError(
                f"{path} did not load within {TIME_LIMIT:g} seconds; does it start a server?"
            ) from error
        except OSError as error:
            raise NodeError(f"{node} does not start: {error.strerror}") from error
        if not output.is_file():
            said = ran.stderr.decode("utf-8", "replace").strip().splitlines()
            ending = f": {said[-1]}" if said else ""
            raise NodeError(f"{path} ended Node.js with code {ran.returncode}{ending}")
        answer = json.loads(output.read_text(encoding="utf-8"))
    if "error" in answer:
        kind = answer["error"]["kind"]
        message = f"{path} cannot be loaded by Node.js: {answer['error']['message']} [{kind}]"
        if path.suffix in _TYPESCRIPT and kind in _UNKNOWN_EXTENSION:
            message += "; compile it to JavaScript first, or use a Node.js that reads TypeScript"
        elif kind in ("ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND"):
            message += "; install the packages that it imports"
        raise NodeError(message)
    return Found(
        tuple(
            FoundModel(
                entry["model"],
                tuple(entry["exports"]),
                entry.get("alias"),
                entry.get("table"),
                tuple(entry.get("identifiers") or ()),
            )
            for entry in answer["models"]
        ),
        tuple(answer["functions"]),
    )
