"""Key templates: `REGION#${region}#X`."""

from __future__ import annotations

from leyden._attrs import frozen


class TemplateError(ValueError):
    """A template that cannot be read. `column` counts from 1 inside the template."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(f"{message} (column {column} of the template)")
        self.column = column


@frozen
class Template:
    """A template taken apart: `literals[0]`, `names[0]`, `literals[1]`, ... in turn.

    There is one literal more than there are names; literals may be empty.
    """

    literals: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def text(self) -> str:
        """The template as a schema writes it."""
        pairs = zip(self.names, self.literals[1:], strict=True)
        return self.literals[0] + "".join(f"${{{name}}}{literal}" for name, literal in pairs)

    @property
    def is_bare(self) -> bool:
        """Whether it is a single attribute with no text around it."""
        return len(self.names) == 1 and not any(self.literals)


def parse_template(text: str) -> Template:
    """Take a template apart. Raises TemplateError at an unclosed or an empty placeholder.

    >>> parse_template("A#${a}").names
    ('a',)
    """
    literals: list[str] = []
    names: list[str] = []
    position = 0
    while (start := text.find("${", position)) >= 0:
        end = text.find("}", start)
        inner = text[start + 2 : end] if end >= 0 else ""
        if end < 0 or "${" in inner:
            raise TemplateError('"${" is not closed by "}"', start + 1)
        if not inner.strip():
            raise TemplateError('"${}" names no attribute', start + 1)
        literals.append(text[position:start])
        names.append(inner.strip())
        position = end + 1
    literals.append(text[position:])
    return Template(tuple(literals), tuple(names))
