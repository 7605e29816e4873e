"""The command lines of a page: run those in `console` blocks, check those in `sh` blocks.

In a `console` block, a line that begins with `$ ` is run. The lines below it are what a terminal
shows, with standard error, and with `...` for anything. A line `# exit 1` at their end says that
the command fails, and with which code. A page can run `leyden`, `python`, `git`, `cat` and `cd`,
and write a command's output with `> FILE`. While the page's program has an engine of
`leyden.local()`, the commands use it. `leyden local` runs to the end of the page, and the commands
after it have the variables that it prints. It listens on a free port, which the page shows as 8000.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import click
from attrs import frozen
from click.testing import CliRunner
from tools.site.pages import ROOT, Block

from leyden import LocalEngine
from leyden.cli.application import leyden

_PROMPT: Final = "$ "
_EXIT: Final = re.compile(r"# exit (\d+)")
_EXPORT: Final = re.compile(r"export (\w+)=(.*)")
_LAST_EXPORT: Final = "AWS_SECRET_ACCESS_KEY"
_EXPORTED: Final = "_exported"
"""The key under which a page's program keeps the variables of its `leyden local`."""
_ASSIGNMENT: Final = re.compile(r"\w+=")
_OPERATORS: Final = "<>|;&"
_LONGEST_SECONDS: Final = 300


@frozen
class Shown:
    """A command line in a page, its expected output, and its line in the block."""

    command: str
    output: str
    code: int
    offset: int


@frozen
class _Done:
    """The output of a command: as on a terminal, and in two streams; and its exit code."""

    shown: str
    out: str
    err: str
    code: int


def console(block: Block) -> Iterator[Shown]:
    """Yield the commands of a `console` block, each with its expected output."""
    lines = block.text.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith(_PROMPT)]
    assert starts[:1] == [0], f"{block.place()}: a console block begins with `$ `"
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        command = lines[start].removeprefix(_PROMPT)
        output = lines[start + 1 : end]
        while command.endswith("\\"):
            assert output, f"{block.place(start)}: the command goes on behind the block"
            command = command[:-1] + output.pop(0).removeprefix(">")
        code = 0
        while output and not output[-1].strip():
            output.pop()
        if output and (found := _EXIT.fullmatch(output[-1].strip())):
            code = int(found[1])
            output.pop()
        yield Shown(command, "\n".join(output), code, start)


def run_command(command: str, namespace: dict[str, Any]) -> tuple[str, int]:
    """Run a command line in the current folder; return its output and its exit code."""
    words = _words(command)
    target = None
    if len(words) > 2 and words[-2] == ">":
        *words, _, target = words
    unknown = [word for word in words if word and set(word) <= set(_OPERATORS)]
    assert not unknown, f"{unknown[0]} is not run in console blocks; show it in an sh block"
    match words:
        case ["cd", folder]:
            os.chdir(folder)
            return "", 0
        case ["leyden", "local", *arguments]:
            done = _run_local(arguments, namespace)
        case ["leyden", *arguments]:
            done = _run_leyden(arguments, _environment(namespace))
        case ["python" | "git" | "cat" | "cp" as program, *arguments]:
            path = sys.executable if program == "python" else program
            streams: Literal["one", "two"] = "one" if target is None else "two"
            done = _run_process([path, *arguments], _environment(namespace), streams)
        case _:
            raise AssertionError(f"`{words[0]}` is not run in console blocks; use an sh block")
    if target is None:
        return done.shown, done.code
    Path(target).write_text(done.out, encoding="utf-8")
    return done.err, done.code


def check_commands(block: Block) -> int:
    """Refuse calls of `leyden` in an `sh` block that its commands would not accept.

    Nothing is run. Returns the number of calls.
    """
    checked = 0
    for offset, line in _logical_lines(block.text):
        for words in _commands(_words(line)):
            if words[0] != "leyden" or words == ["leyden"]:
                continue
            try:
                _check(words[1:])
            except click.UsageError as error:
                raise AssertionError(f"{block.place(offset)}: {error.format_message()}") from error
            checked += 1
    return checked


def _check(arguments: list[str]) -> None:
    """Parse a call of `leyden` as click does. Raises click's UsageError."""
    above = click.Context(leyden, info_name="leyden")
    _, _, _ = leyden.make_parser(above).parse_args([*arguments])
    if arguments[0].startswith("-"):
        return
    name, command, rest = leyden.resolve_command(above, arguments)
    assert command is not None
    context = click.Context(command, info_name=name, parent=above)
    if {"-h", "--help"} & {*rest}:
        return
    given, left, _ = command.make_parser(context).parse_args([*rest])
    if left:
        raise click.UsageError(f"leyden {name} takes no {left[0]!r}", context)
    for parameter in command.params:
        value = given.get(parameter.name or "")
        if isinstance(parameter.type, click.Choice) and isinstance(value, str):
            parameter.type.convert(value, parameter, context)
        if parameter.required and not value and not parameter.envvar:
            raise click.MissingParameter(ctx=context, param=parameter)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a shell text, with continued lines joined, and where they begin."""
    whole, start = "", 0
    for number, line in enumerate(text.splitlines()):
        if not whole:
            start = number
        if line.endswith("\\"):
            whole += line[:-1]
            continue
        yield start, whole + line
        whole = ""


def _words(line: str) -> list[str]:
    """Return the words of a line as a shell sees them, with operators as separate words."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=_OPERATORS)
    lexer.whitespace_split = True
    return [*lexer]


def _commands(words: list[str]) -> Iterator[list[str]]:
    """Yield the single commands of a line, without redirections and leading assignments."""
    command: list[str] = []
    redirected = False
    for word in [*words, ";"]:
        if redirected:
            redirected = False
        elif word in ("<", ">", ">>"):
            redirected = True
        elif set(word) <= set(_OPERATORS) and word:
            if command:
                yield command
            command = []
        elif command or not _ASSIGNMENT.match(word):
            command.append(word)


def _environment(namespace: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the environment of a command; None removes a variable."""
    found: dict[str, str | None] = {
        name: None
        for name in os.environ
        if name.startswith(("AWS_", "LEYDEN_", "PYTEST_")) or name == "FORCE_COLOR"
    }
    # Use this worktree's sources, and the same width and colors everywhere.
    found |= {"PYTHONPATH": str(ROOT / "src"), "COLUMNS": "100", "NO_COLOR": "1"}
    # Commits in a page belong to nobody, and follow nobody's git settings.
    found |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    for role in ("AUTHOR", "COMMITTER"):
        found |= {f"GIT_{role}_NAME": "Ada", f"GIT_{role}_EMAIL": "ada@acme.example"}
    engines = [value for value in namespace.values() if isinstance(value, LocalEngine)]
    if engines:
        engine = engines[-1]
        found |= {
            "AWS_ENDPOINT_URL_DYNAMODB": engine.endpoint_url,
            "AWS_REGION": engine.region,
            "AWS_DEFAULT_REGION": engine.region,
            "AWS_ACCESS_KEY_ID": engine.credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": engine.credentials.secret_access_key,
        }
    exported: dict[str, str] = namespace.get(_EXPORTED, {})
    return found | exported


def _run_local(arguments: list[str], namespace: dict[str, Any]) -> _Done:
    """Run DynamoDB for the rest of the page, and keep the variables that point to it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "leyden", "local", "--port", "0", *arguments],
        env=_merged(_environment(namespace)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    namespace["_opened"].callback(_stop, process)
    assert process.stdout is not None
    lines: list[str] = []
    exported: dict[str, str] = {}
    for line in process.stdout:
        lines.append(line)
        if found := _EXPORT.fullmatch(line.strip()):
            exported[found[1]] = found[2]
            if found[1] == _LAST_EXPORT:
                break
    shown = "".join(lines)
    if _LAST_EXPORT not in exported:
        return _Done(shown, shown, "", process.wait())
    namespace[_EXPORTED] = exported
    shown = shown.replace(f":{urlsplit(exported['AWS_ENDPOINT_URL_DYNAMODB']).port}", ":8000")
    return _Done(shown, shown, "", 0)


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    process.communicate()


def _run_leyden(arguments: list[str], environment: dict[str, str | None]) -> _Done:
    done = CliRunner().invoke(leyden, arguments, env=environment, prog_name="leyden")
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return _Done(done.output, done.stdout, done.stderr, done.exit_code)


def _run_process(
    command: list[str], environment: dict[str, str | None], streams: Literal["one", "two"]
) -> _Done:
    done = subprocess.run(
        command,
        env=_merged(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if streams == "one" else subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
        timeout=_LONGEST_SECONDS,
    )
    return _Done(done.stdout, done.stdout, done.stderr or "", done.returncode)


def _merged(environment: Mapping[str, str | None]) -> dict[str, str]:
    """Return the environment of a process: this one's, with changes."""
    merged = {**os.environ, **environment}
    return {name: value for name, value in merged.items() if value is not None}
