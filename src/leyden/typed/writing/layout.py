"""The layout of a generated module: signatures, dict types, literals, and texts of schemas."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping, Sequence
from textwrap import indent, wrap
from typing import Final

WIDTH: Final = 100


def signature(name: str, parameters: Sequence[str], result: str, *, inside: int = 0) -> str:
    """Return a function without a body, wrapped if it is too long for a line.

    `inside` is the number of blanks that will be in front of it.
    """
    room = WIDTH - inside
    one_line = ", ".join(parameters)
    whole = f"def {name}({one_line}) -> {result}: ..."
    if len(whole) <= room:
        return whole
    tail = f") -> {result}: ..."
    if len(tail) > room:
        kind, _, arguments = result.removesuffix("]").partition("[")
        tail = f") -> {kind}[\n    {arguments}\n]: ..."
        if len(f"def {name}({one_line}) -> {kind}[") <= room:
            return f"def {name}({one_line}{tail}"
    if len(one_line) + 4 <= room:
        return f"def {name}(\n    {one_line}\n{tail}"
    return f"def {name}(\n" + "".join(f"    {one},\n" for one in parameters) + tail


def method(
    name: str, variants: Sequence[tuple[Sequence[str], str]], doc: str = "", *, inside: int = 8
) -> list[str]:
    """Return a method with one variant of parameters and result, or with several overloads.

    For overloads, editors show the docstring of the implementation behind them.
    """
    *overloads, last = [
        signature(name, ["self", *parameters], result, inside=inside)
        for parameters, result in variants
    ]
    if overloads:
        overloads.append(last)
        last = signature(name, ["self", "*given: Any", "**named: Any"], "Any", inside=inside)
    if doc:
        # For pyright, a body with only a docstring returns None.
        last = f"{last.removesuffix(' ...')}\n    {docstring(doc)}\n    ..."
    return [*(line for one in overloads for line in ("@overload", one)), last]


def docstring(text: str) -> str:
    """Return a text as a docstring of one line."""
    line = " ".join(text.replace("\\", "\\\\").replace('"', "'").split())
    return f'"""{line}"""'


def block(head: str, body: Iterable[str]) -> str:
    """Return a class or another compound statement."""
    inner = "\n".join(body) or "..."
    return f"{head}\n{indent(inner, '    ')}"


def literal_type(values: Sequence[str], *, inside: int = 0) -> str:
    """Return a literal type, wrapped if too long; `inside` is the number of blanks in front."""
    shown = [string_literal(value) for value in values]
    text = f"Literal[{', '.join(shown)}]"
    if len(text) + inside + 40 <= WIDTH:
        return text
    # Do not wrap at a blank inside a value.
    kept = [one.replace(" ", "\0") for one in shown]
    lines = wrap(
        ", ".join(kept) + ",", WIDTH - inside - 4, break_long_words=False, break_on_hyphens=False
    )
    return "Literal[\n" + "".join(f"    {line}\n" for line in lines).replace("\0", " ") + "]"


def string_literal(text: str) -> str:
    """Return a string literal."""
    return repr(text) if '"' in text or "\\" in text or not text.isprintable() else f'"{text}"'


def typed_dict(
    name: str, fields: Mapping[str, tuple[str, bool]], *, closed: bool = False, doc: str = ""
) -> str:
    """Return a dict type; each field has a type and says whether it is required.

    A closed dict has no other fields, so that type checkers report a wrong keyword.
    """
    needed = [must for _, must in fields.values()]
    options = ", total=False" if needed and not any(needed) else ""
    options += ", closed=True" if closed else ""
    shown = {
        field: kind if must or not any(needed) else f"NotRequired[{kind}]"
        for field, (kind, must) in fields.items()
    }
    if all(field.isidentifier() and not keyword.iskeyword(field) for field in fields):
        body = [f'"""{doc}"""'] if doc else []
        body += [f"{field}: {kind}" for field, kind in shown.items()]
        return block(f"class {name}(TypedDict{options}):", body)
    inner = "".join(f"    {string_literal(field)}: {kind},\n" for field, kind in shown.items())
    return f'{name} = TypedDict(\n    "{name}",\n    {{\n{indent(inner, "    ")}    }}{options},\n)'


def long_text(text: str) -> str:
    """Return a text of several lines as a literal with the same lines."""
    plain = all(sign == "\n" or sign.isprintable() for sign in text)
    if not plain or '"""' in text or "\\" in text or not text.endswith("\n"):
        lines = text.splitlines(keepends=True)
        return "(\n" + indent("".join(f"{line!r}\n" for line in lines) or "''\n", "    ") + ")"
    return f'"""\\\n{text}"""'
