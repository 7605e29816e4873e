"""`leyden init`: create a project to begin with."""

from __future__ import annotations

import json
import keyword
import re
import sys
from pathlib import Path
from typing import Final

import click

from leyden._shell import word
from leyden.cli.application import debug_option
from leyden.errors import InvalidOptionError

_STARTER: Final = Path(__file__).parent.parent / "starter"

_SHARED: Final = frozenset({"pyproject.toml", "README.md", ".gitignore"})
"""Files that a project may already have. They stay as they are."""

_APP: Final = ("app.py", "tests/test_app.py")


@click.command()
@click.argument(
    "folder",
    metavar="[FOLDER]",
    default=".",
    type=click.Path(file_okay=False, path_type=Path),
)
@click.option("--name", help="The service's name, a Python name; default: the folder's.")
@click.option("--no-app", is_flag=True, help="Leave out the FastAPI app.")
@click.option("--empty", is_flag=True, help="Leave out the example; begin with an entity of yours.")
@debug_option
def init(folder: Path, name: str | None, no_app: bool, empty: bool) -> None:
    """Begin a project: entities, a test, a small app.

    It makes FOLDER, or fills the current one, with schemas of customers and their orders, the typed
    module of them, tests, and a FastAPI app. With --empty there are no such examples, only the
    settings and a place for your entities. It never overwrites a file: where one of its own is
    there, it writes nothing; a pyproject.toml, README.md or .gitignore stays as it is.

    \b
      leyden init shop
      leyden init --name shop --no-app
      leyden init shop --empty
    """
    name = _name(folder, name)
    files = _empty(name) if empty else _files(name, app=not no_app)
    there = [path for path in files if (folder / path).exists()]
    refused = [path for path in there if path not in _SHARED]
    if refused:
        raise InvalidOptionError(
            f"{folder} already has {', '.join(refused)}; nothing was written: choose another "
            "folder, or another --name"
        )
    for path, text in files.items():
        if path not in there:
            _write(folder / path, text)
            click.echo(f"wrote {folder / path}", err=True)
    for path in there:
        click.secho(f"left {folder / path} as it is", err=True, fg="yellow")
    if "pyproject.toml" in there:
        settings = _filled("settings.txt", {"name": name}).strip()
        click.echo(f"\nAdd these lines to {folder / 'pyproject.toml'}:\n", err=True)
        click.echo(f'{settings}\n\n[tool.pytest.ini_options]\npythonpath = ["."]', err=True)
    here = folder.resolve() == Path.cwd()
    there_first = () if here else (f"cd {word(folder)}",)
    if empty:
        place = folder / "schemas" / name
        click.echo(f"\nWrite your first entity into {place}, and go on with:", err=True)
        steps = (*there_first, "leyden check", f"leyden types --out {name}.py")
    else:
        click.echo("\nGo on with:", err=True)
        steps = (
            *(there_first or ("leyden patterns",)),
            "python -m pytest",
            "leyden local --data .leyden.jsonl",
        )
    for step in steps:
        click.echo(f"  {step}")


def _name(folder: Path, given: str | None) -> str:
    """Return the service's name, which must work as a module name that hides no other module."""
    name = given
    if name is None:
        words = re.findall(r"[a-z0-9]+", folder.resolve().name.lower())
        name = "_".join(words)
    taken = {"app", "tests", "schemas", "leyden", *sys.stdlib_module_names, *_LIBRARIES}
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name) or name in taken:
        what = "given" if given is not None else "of the folder"
        raise click.BadParameter(
            f'"{name}", the name {what}, cannot be that of a Python module beside the app: name '
            "the service with --name, in lower-case letters, digits and underscores, as in "
            "--name shop",
            param_hint="--name",
        )
    return name


_LIBRARIES: Final = frozenset({"pytest", "fastapi", "pydantic", "boto3", "attrs", "yaml", "mypy"})


def _empty(name: str) -> dict[str, str]:
    """Return the files of a project that has no entity yet."""
    values = {
        "name": name,
        "project": name.replace("_", "-"),
        "dependencies": '"leyden"',
        "dev": "",
    }
    values["settings"] = _filled("settings.txt", values)
    return {
        f"schemas/{name}/table.yaml": _filled("table_alone.yaml.txt", values),
        "schemas/leyden.schema.json": _for_editors(),
        "pyproject.toml": _filled("pyproject.toml.txt", values),
        ".gitignore": _filled("gitignore.txt", values),
    }


def _for_editors() -> str:
    from leyden.schema import json_schema

    return f"{json.dumps(json_schema(), indent=2, ensure_ascii=False)}\n"


def _files(name: str, *, app: bool) -> dict[str, str]:
    """Return the text of each file by its path in the folder."""
    from leyden.typed import module_text

    needed = ("leyden", "fastapi", "uvicorn") if app else ("leyden",)
    packages = ['"leyden[cli,local]"', "pytest", *(("fastapi", "httpx", "uvicorn") if app else ())]
    values = {
        "name": name,
        "project": name.replace("_", "-"),
        "dependencies": ", ".join(f'"{each}"' for each in needed),
        "dev": ', "httpx"' if app else "",
        "install": " ".join(packages),
        "app_files": "- `app.py` is a FastAPI app over them.\n" if app else "",
        "app_command": "uvicorn app:api --reload --port 8080\n" if app else "",
    }
    values["settings"] = _filled("settings.txt", values)
    # List the files in reading order, which decides the order of entities in the typed module.
    schemas = {
        file: _filled(f"{file}.txt", values)
        for file in ("table.yaml", "customer.yaml", "order.yaml")
    }
    files = {f"schemas/{name}/{file}": text for file, text in schemas.items()}
    files["schemas/leyden.schema.json"] = _for_editors()
    files[f"{name}.py"] = module_text(schemas, name)
    files["tests/test_orders.py"] = _filled("test_orders.py.txt", values)
    if app:
        files |= {path: _filled(f"{Path(path).name}.txt", values) for path in _APP}
    files["pyproject.toml"] = _filled("pyproject.toml.txt", values)
    files["README.md"] = _filled("README.md.txt", values)
    files[".gitignore"] = _filled("gitignore.txt", values)
    return files


def _filled(template: str, values: dict[str, str]) -> str:
    text = (_STARTER / template).read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], text)


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # Mode "x" never overwrites a file that somebody created in the meantime.
        with file.open("x", encoding="utf-8", newline="\n") as out:
            out.write(text)
    except OSError as error:
        raise InvalidOptionError(f"cannot write {file}: {error.strerror}") from error
