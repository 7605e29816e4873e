"""The examples in the help of commands stand as printed: their options and arguments are read."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from leyden.cli.application import SECTIONS
from leyden.cli.application import leyden as application

COMMANDS = [name for section in SECTIONS.values() for name in section]


def examples(name: str) -> list[list[str]]:
    """The arguments of each example in the help of a command that calls this command."""
    command = application.get_command(click.Context(application), name)
    assert command is not None
    text = re.sub(r"\\\n\s+", " ", command.help or "")
    lines = re.findall(rf"^  .*\bleyden {re.escape(name)}(?![\w-])([^)\n]*)", text, re.MULTILINE)
    found = []
    for line in lines:
        words = shlex.split(line, comments=True)
        stop = next((n for n, word in enumerate(words) if word in ("|", ">", "&&")), len(words))
        found.append(words[:stop])
    return [words for words in found if words]


@pytest.mark.parametrize("name", [name for name in COMMANDS if examples(name)])
def test_an_example_is_a_command_that_is_read(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("taskapp", "memory", "shop", "notes"):
        (tmp_path / "schemas" / folder).mkdir(parents=True)
    command = application.get_command(click.Context(application), name)
    assert command is not None
    for words in examples(name):
        for word in words:
            if re.fullmatch(r"[\w/-]+\.(jsonl|json|mjs|js|ts)", word) and "/" not in word:
                (tmp_path / word).write_text("[1]")
            elif name == "migrate" and re.fullmatch(r"migrations/\w+\.yaml", word):
                (tmp_path / word).parent.mkdir(exist_ok=True)
                (tmp_path / word).write_text("migration: m")
        parent = click.Context(application, info_name="leyden")
        with command.make_context(name, list(words), parent=parent):
            pass
