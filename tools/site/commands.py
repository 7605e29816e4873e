"""The command lines of a page: those of `console` blocks run, those of `sh` blocks are checked.

In a `console` block a line that begins with `$ ` is run, and the lines below it are what a terminal
shows of it, standard error among it, with `...` for anything. A line `# exit 1` at their end says
that the command fails, and with which code. `leyden`, `python`, `git`, `cat` and `cd` can be run,
and `> FILE` keeps what a command prints. While the page's program holds an engine of
`leyden.local()`, the commands find it. `leyden local` goes on to the end of the page, and from then
on the commands have the variables that it prints. It listens on a free port, shown as the 8000 that
readers see.
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
"""Where a page's program keeps the variables of its `leyden local`."""
_ASSIGNMENT: Final = re.compile(r"\w+=")
_OPERATORS: Final = "<>|;&"
_LONGEST_SECONDS: Final = 300


@frozen
class Shown:
    """A command line in a page, the lines below it, and the line of its block on which it is."""

    command: str
    output: str
    code: int
    offset: int


@frozen
class _Done:
    """What a command printed: all of it, as on a terminal, and its two streams; its exit code."""

    shown: str
    out: str
    err: str
    code: int


def console(block: Block) -> Iterator[Shown]:
    """The commands of a `console` block, each with what it is to print."""
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
    """Run a command line in the current folder; what it printed, and its exit code."""
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
    """Refuse calls of `leyden` in an `sh` block that its commands would not take.

    Nothing is run. Gives the number of calls.
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
    """Take a call of `leyden` apart as click does. Raises click's UsageError."""
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
    """The lines of a shell text, with continued ones put together, and where they begin."""
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
    """The words of a line as a shell sees them, with its operators as words of their own."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=_OPERATORS)
    lexer.whitespace_split = True
    return [*lexer]


def _commands(words: list[str]) -> Iterator[list[str]]:
    """The single commands of a line: no redirections, no assignments before a command."""
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
    """What a command finds in its environment; None takes a variable away."""
    found: dict[str, str | None] = {
        name: None
        for name in os.environ
        if name.startswith(("AWS_", "LEYDEN_", "PYTEST_")) or name == "FORCE_COLOR"
    }
    # A worktree's own sources; the widths and colors of what is printed are the same everywhere.
    found |= {"PYTHONPATH": str(ROOT / "src"), "COLUMNS": "100", "NO_COLOR": "1"}
    # What a page commits is nobody's, and follows nobody's settings.
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
    """Run DynamoDB for the rest of the page, and keep the variables that lead to it."""
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
    """The environment of a process: this one's, with changes."""
    merged = {**os.environ, **environment}
    return {name: value for name, value in merged.items() if value is not None}
