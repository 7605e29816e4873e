"""Measure the size of the code, and how many files a call runs through: `make figures`.

All figures are about `src/leyden`, or the folder in the argument::

    python tools/figures.py [FOLDER]

- *Trip*: the files whose functions a warm call enters on the calling thread, against
  `leyden.local()`. The entity has defaults, `on_write`, a derived and a sparse key, and a
  collection. The last call saves two messages in the memory store. Generated code counts as one
  file.
- *One-use*: private functions and methods whose name is used once in their file and in no other,
  except for files that have a function of that name themselves.
- *Complexity*: 1, plus one for each branch, loop, handler, condition, comprehension and inner
  function.
- *Circle*: modules that import each other. Imports for types only count, and so do those in
  functions.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, Final

MOST: Final = 20
"""The highest complexity that a function should have."""

SCHEMA: Final = """
entity: task
version: "1"
service: figures
attributes:
  project_id: {type: string, required: true}
  task_id: {type: string, required: true}
  owner: string
  status: {type: [open, closed], default: open}
  points: {type: number, default: 0}
  headline: {type: string, derive: "join(' ', [status, task_id])"}
  updated_at: {type: timestamp, on_write: {generate: now}}
indexes:
  project:
    collection: overview
    pk: {field: pk, composite: [project_id]}
    sk: {field: sk, composite: [task_id]}
  owned:
    index: gsi1
    when: "status == 'open'"
    pk: {field: gsi1pk, composite: [owner]}
    sk: {field: gsi1sk, composite: [headline]}
---
entity: member
version: "1"
service: figures
attributes:
  project_id: {type: string, required: true}
  name: {type: string, required: true}
indexes:
  project:
    collection: overview
    pk: {field: pk, composite: [project_id]}
    sk: {field: sk, composite: [name]}
"""


def main() -> None:
    """Print the figures of a folder."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", metavar="FOLDER", nargs="?", type=Path, default="src/leyden")
    folder = parser.parse_args().folder.resolve()
    if not any(folder.rglob("*.py")):
        parser.error(f"{folder} is not a folder with Python files")
    sys.path.insert(0, str(_package(folder).parent))
    for line in figures(folder):
        sys.stdout.write(f"{line}\n")


def _package(folder: Path) -> Path:
    """Return the outermost package around a folder, or the folder itself."""
    while (folder / "__init__.py").is_file() and (folder.parent / "__init__.py").is_file():
        folder = folder.parent
    return folder


def figures(folder: Path) -> Iterator[str]:
    """Yield the lines of the table."""
    code = {path: path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.py"))}
    trees = {path: ast.parse(text) for path, text in code.items()}
    lines = sum(text.count("\n") for text in code.values())
    functions = [*_functions(trees.values())]
    once = one_use(trees)
    ranked = sorted(((complexity(one), one.name) for one in functions), reverse=True)
    circles = circles_of(imports_of(trees, _package(folder)))
    highest = ranked[0][0] if ranked else 0
    worst = ", ".join(f"{name} {count}" for count, name in ranked[:3])
    yield _row("lines", lines)
    yield _row("files", len(code), f"{lines / len(code):.0f} lines a file")
    yield _row("functions", len(functions))
    yield _row(
        "one-use helpers", len(once), f"{len(once) / max(len(functions), 1):.1%} of all functions"
    )
    yield _row("highest complexity", highest, worst)
    yield _row(f"functions above {MOST}", sum(count > MOST for count, _ in ranked))
    yield _row("modules in circles", sum(map(len, circles)))
    for circle in circles:
        shown = ", ".join(sorted(circle)[:4]) + (", ..." if len(circle) > 4 else "")
        yield _row("", len(circle), shown)
    for name, count in trips(folder).items():
        yield _row(f"trip: {name}", count, "files")


def _row(name: str, count: int, said: str = "") -> str:
    return f"{name:<24}{count:>8,}   {said}".rstrip()


def _functions(trees: Iterable[ast.AST]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node


def one_use(trees: Mapping[Path, ast.AST]) -> list[str]:
    """Return the private functions whose name is used once in their file and in no other."""
    used = {path: Counter(_names(tree)) for path, tree in trees.items()}
    defined = {path: {one.name for one in _functions([tree])} for path, tree in trees.items()}
    foreign = {name for path in trees for name in used[path].keys() - defined[path]}
    return [
        one.name
        for path, tree in trees.items()
        for one in _functions([tree])
        if one.name.startswith("_")
        and not one.name.startswith("__")
        and used[path][one.name] == 1
        and one.name not in foreign
    ]


def _names(tree: ast.AST) -> Iterator[str]:
    """Yield all names that are used, also in imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from (one.name for one in node.names)


_BRANCHES: Final = (
    ast.If,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.ExceptHandler,
    ast.match_case,
    ast.IfExp,
    ast.comprehension,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.Lambda,
)


def complexity(function: ast.AST) -> int:
    """Return 1, plus one for each branch, loop, handler, condition and inner function."""
    count = 1
    for node in ast.walk(function):
        if node is function:
            continue
        if isinstance(node, _BRANCHES):
            count += 1
        elif isinstance(node, ast.BoolOp):
            count += len(node.values) - 1
    return count


def imports_of(trees: Mapping[Path, ast.AST], folder: Path) -> dict[str, set[str]]:
    """Return the modules of the package that each module imports, anywhere in its file."""
    modules = {_module(path, folder): tree for path, tree in trees.items()}
    found: dict[str, set[str]] = {}
    for module, tree in modules.items():
        found[module] = {one for one in _imported(tree, modules) if one != module}
    return found


def _module(path: Path, folder: Path) -> str:
    parts = [folder.name, *path.relative_to(folder).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(tree: ast.AST, modules: Mapping[str, Any]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names if one.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module in modules:
            for one in node.names:
                inner = f"{node.module}.{one.name}"
                yield inner if inner in modules else node.module


def circles_of(imports: Mapping[str, set[str]]) -> list[set[str]]:
    """Return the sets of modules that reach each other, the largest first."""
    order: list[str] = []
    seen: set[str] = set()
    for start in imports:
        _visit(start, imports, seen, order.append)
    back: dict[str, set[str]] = {module: set() for module in imports}
    for module, others in imports.items():
        for other in others:
            back[other].add(module)
    circles = []
    seen = set()
    for start in reversed(order):
        circle: list[str] = []
        _visit(start, back, seen, circle.append)
        if len(circle) > 1:
            circles.append({*circle})
    return sorted(circles, key=len, reverse=True)


def _visit(
    start: str, edges: Mapping[str, set[str]], seen: set[str], done: Callable[[str], object]
) -> None:
    """Visit everything reachable that is not in `seen`, and call `done` when a node is finished."""
    if start in seen:
        return
    seen.add(start)
    waiting = [(start, iter(sorted(edges[start])))]
    while waiting:
        module, others = waiting[-1]
        following = next((one for one in others if one not in seen), None)
        if following is None:
            done(module)
            waiting.pop()
        else:
            seen.add(following)
            waiting.append((following, iter(sorted(edges[following]))))


def trips(folder: Path) -> dict[str, int]:
    """Return how many files each kind of call enters."""
    import leyden
    from leyden.store import DynamoDBStore

    found = {}
    with leyden.local() as engine:
        with leyden.load(SCHEMA, table="figures", engine=engine) as app:
            app.create_table()
            task: Any = app.entities.task
            key = {"project_id": "p", "task_id": "t"}
            calls: dict[str, Callable[[], Any]] = {
                "put": lambda: task.put(**key, owner="ann", points=3).go(),
                "get": lambda: task.get(**key).go(),
                "update": lambda: task.update(**key).set(points=4).go(),
                "query page": lambda: task.query.owned(owner="ann").go(),
                "collection": lambda: app.collections.overview(project_id="p").go(),
            }
            for name, call in calls.items():
                found[name] = len(entered(call, folder))
        with DynamoDBStore(table_name="memory", client=engine) as store:
            store.app.create_table()
            store.init()
            thread = store.memory.save_thread({"id": "t", "resource_id": "r"})
            messages = [
                {"id": f"m{n}", "thread_id": thread.id, "role": "user", "content": "hello"}
                for n in range(2)
            ]
            found["save_messages"] = len(
                entered(lambda: store.memory.save_messages(messages), folder)
            )
    return found


def entered(call: Callable[[], Any], folder: Path) -> set[str]:
    """Return the files of the folder that a warm call enters; generated code counts as one."""
    for _ in range(3):
        call()
    found: set[str] = set()
    inside = f"{folder}/"

    def look(frame: FrameType, event: str, argument: object) -> None:
        if event != "call":
            return
        name = frame.f_code.co_filename
        if name.startswith(inside):
            found.add(name)
        elif name.startswith("<") and "leyden" in name:
            found.add("generated")

    sys.setprofile(look)
    try:
        call()
    finally:
        sys.setprofile(None)
    return found


if __name__ == "__main__":
    main()
