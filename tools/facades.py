"""Writes the store's domains from its interface: `python tools/facades.py [--check]`.

Each method of a domain in `store/interface.py` becomes a method with the same signature and
docstring, which runs the program of that name. With `--check` nothing is written; it fails where
a file is not what would be written.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

STORE: Final = Path(__file__).resolve().parents[1] / "src" / "leyden" / "store"
INTERFACE: Final = STORE / "interface.py"
DOMAINS: Final = {
    "Memory": ("memory", "MemoryPrograms"),
    "Workflows": ("workflows", "WorkflowPrograms"),
    "Scores": ("scores", "ScorePrograms"),
    "Traces": ("traces", "TracePrograms"),
    "Evals": ("evals", "EvalPrograms"),
}
WIDTH: Final = 100


@dataclass(frozen=True)
class Shell:
    """One way to run the programs, and the file that it is written to."""

    file: str
    title: str
    prefix: str
    base: str
    define: str
    run: str


SHELLS: Final = (
    Shell("domains.py", "The domains of `DynamoDBStore`", "DynamoDB", "Domain", "def", "self._run"),
    Shell(
        "async_domains.py",
        "The domains of `AsyncDynamoDBStore`",
        "AsyncDynamoDB",
        "AsyncDomain",
        "async def",
        "await self._run",
    ),
)


def written(shell: Shell) -> str:
    """The text of a shell's file."""
    source = INTERFACE.read_text(encoding="utf-8")
    lines = source.splitlines()
    tree = ast.parse(source)
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    domains = [node for node in classes if node.name in DOMAINS]
    if [node.name for node in domains] != list(DOMAINS):
        raise SystemExit(f"{INTERFACE.name} has not the domains {', '.join(DOMAINS)} in this order")
    head = [
        f'"""{shell.title}.',
        "",
        "Written by tools/facades.py from the interface; change that, and write this again.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        *_imports(tree, domains, shell),
    ]
    body = [line for node in domains for line in ("", "", *_class(node, lines, shell))]
    return "\n".join([*head, *body, ""])


def _class(node: ast.ClassDef, lines: list[str], shell: Shell) -> Iterator[str]:
    domain, programs = DOMAINS[node.name]
    yield f"class {shell.prefix}{node.name}({shell.base}[{programs}]):"
    yield from lines[node.body[0].lineno - 1 : node.body[0].end_lineno]
    yield ""
    yield "    __slots__ = ()"
    for method in node.body[1:]:
        if not isinstance(method, ast.FunctionDef):
            raise SystemExit(f"{INTERFACE.name}:{method.lineno}: only methods can be written")
        docstring = method.body[0]
        signature = lines[method.lineno - 1 : docstring.lineno - 1]
        yield ""
        yield from _broken([signature[0].replace("def ", f"{shell.define} ", 1), *signature[1:]])
        yield from lines[docstring.lineno - 1 : docstring.end_lineno]
        yield from _call("        program = ", f"self._programs.{method.name}", _passed(method))
        returned = "" if _is_none(method.returns) else "return "
        yield f'        {returned}{shell.run}("{domain}.{method.name}", program)'


def _broken(signature: list[str]) -> list[str]:
    """A signature on one line, broken as the formatter breaks it where it is too long."""
    if len(signature[0]) <= WIDTH:
        return signature
    start, _, rest = signature[0].partition("(")
    parameters, _, end = rest.rpartition(")")
    broken = [f"{start}(", f"        {parameters}", f"    ){end}"]
    if any(len(line) > WIDTH for line in broken):
        raise SystemExit(f"too long for its line: {signature[0].strip()}")
    return broken


def _passed(method: ast.FunctionDef) -> list[str]:
    arguments = method.args
    if arguments.vararg or arguments.kwarg or arguments.posonlyargs:
        raise SystemExit(f"{INTERFACE.name}:{method.lineno}: parameters must be named")
    positional = [argument.arg for argument in arguments.args[1:]]
    return [*positional, *(f"{one.arg}={one.arg}" for one in arguments.kwonlyargs)]


def _call(start: str, function: str, arguments: list[str]) -> Iterator[str]:
    """A call, broken over lines as the formatter breaks it."""
    line = f"{start}{function}({', '.join(arguments)})"
    indent = " " * (len(start) - len(start.lstrip()) + 4)
    inner = f"{indent}{', '.join(arguments)}"
    if len(line) <= WIDTH:
        yield line
        return
    yield f"{start}{function}("
    if len(inner) <= WIDTH:
        yield inner
    else:
        yield from (f"{indent}{argument}," for argument in arguments)
    yield f"{indent[4:]})"


def _imports(tree: ast.Module, domains: list[ast.ClassDef], shell: Shell) -> Iterator[str]:
    used = {
        name.id for node in domains for name in ast.walk(node) if isinstance(name, ast.Name)
    } - {"Protocol"}
    own = {
        node.target.id
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    modules: dict[str, set[str]] = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module and node.module != "__future__":
            modules[node.module] = {alias.name for alias in node.names} & used
    modules["leyden.store.interface"] = own & used
    modules["leyden.store.dynamodb.calls"] = {shell.base}
    for domain, programs in DOMAINS.values():
        modules[f"leyden.store.dynamodb.programs.{domain}"] = {programs}
    groups = [
        sorted(name for name in modules if not name.startswith("leyden.")),
        sorted(name for name in modules if name.startswith("leyden.")),
    ]
    for group in groups:
        for module in group:
            if modules[module]:
                yield from _import(module, modules[module])
        if group is groups[0]:
            yield ""


def _import(module: str, names: set[str]) -> Iterator[str]:
    # The linter sorts constants before classes before the rest.
    ordered = sorted(names, key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    line = f"from {module} import {', '.join(ordered)}"
    if len(line) <= WIDTH:
        yield line
        return
    yield f"from {module} import ("
    yield from (f"    {name}," for name in ordered)
    yield ")"


def _is_none(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def main(arguments: list[str]) -> int:
    """Write the files, or with `--check` compare them."""
    stale = []
    for shell in SHELLS:
        file, text = STORE / "dynamodb" / shell.file, written(shell)
        if "--check" not in arguments:
            file.write_text(text, encoding="utf-8")
        elif not file.is_file() or file.read_text(encoding="utf-8") != text:
            stale.append(shell.file)
    if stale:
        print(f"run `make docs`: not current: {', '.join(stale)}", file=sys.stderr)  # noqa: T201
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
