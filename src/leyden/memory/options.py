"""The options of a memory and of its calls, checked, with messages that say why one is refused.

An option takes True for its defaults, False for off, or an object of its class.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias, TypeVar

from leyden._attrs import field, frozen
from leyden._text import did_you_mean, quoted
from leyden.errors import InvalidOptionError, VectorInputError
from leyden.memory.filters import conditions_of
from leyden.memory.protocols import Filter
from leyden.types import accept_json

__all__ = [
    "LAST_MESSAGES",
    "TEMPLATE",
    "UNSET",
    "Options",
    "Scope",
    "SemanticRecall",
    "Unset",
    "WorkingMemory",
]

T = TypeVar("T")
Scope: TypeAlias = Literal["resource", "thread"]

LAST_MESSAGES: Final = 10
"""How many of a thread's last messages are recalled by default."""

MOST_HITS: Final = 100
"""The largest `top_k`, which is the limit of DynamoDB's vector indexes."""

TEMPLATE: Final = """\
# About the user
- **Name**:
- **Place**:
- **Work**:
- **Likes**:
- **Plans**:
- **Facts**:
"""
"""The default template: working memory before anything is known."""


class Unset:
    """The value of an option that a call leaves as the memory has it."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset()


def _range(value: Any) -> tuple[int, int]:
    """Return the numbers of messages before and after each hit; one number means both."""
    counts = (value, value) if _is_count(value) else value
    if not isinstance(counts, tuple | list) or len(counts) != 2 or not all(map(_is_count, counts)):
        raise InvalidOptionError(
            "message_range takes the number of messages to recall around each hit: a whole number "
            "from 0 up, or two of them for before and after, as in (2, 1)"
        )
    return (counts[0], counts[1])


@frozen(kw_only=True)
class SemanticRecall:
    """Recall by meaning: the messages most similar to a search text, with their neighbors.

    * `top_k`: the most hits, from 1 to 100.
    * `message_range`: how many messages before and after each hit, as `(1, 1)` or one number.
    * `scope`: `resource` searches all threads of the resource, `thread` only the current one.
    * `threshold`: the lowest score of a hit, from 0 to 1; None accepts every score.
    * `filter`: what else the vectors' metadata must have, as in `{"role": "user"}`. Recall always
      filters by the resource, whatever you give here.

    Raises InvalidOptionError.

    >>> SemanticRecall(top_k=2, message_range=3).message_range
    (3, 3)
    """

    top_k: int = 4
    message_range: tuple[int, int] = field(default=(1, 1), converter=_range)
    scope: Scope = "resource"
    threshold: float | None = None
    filter: Filter | None = None

    def __attrs_post_init__(self) -> None:
        if not _is_count(self.top_k) or not 1 <= self.top_k <= MOST_HITS:
            raise InvalidOptionError(f"top_k takes a whole number from 1 to {MOST_HITS}")
        _check_scope(self.scope)
        threshold = self.threshold
        if threshold is not None and (
            isinstance(threshold, bool)
            or not isinstance(threshold, int | float)
            or not 0 <= threshold <= 1
        ):
            raise InvalidOptionError("threshold takes a score from 0 to 1, or None for any")
        try:
            conditions_of(self.filter)
        except VectorInputError as error:
            raise InvalidOptionError(f"filter: {error.message}") from error


@frozen(kw_only=True)
class WorkingMemory:
    """What an agent keeps in mind about a resource or a thread: one text that it rewrites.

    * `scope`: `resource` shares it among all threads of the resource, `thread` keeps one for each.
    * `template`: Markdown that shows the model which things to fill in.
    * `schema`: a JSON schema of an object, instead of a template. Working memory is then JSON, and
      an update names only what changes.

    Raises InvalidOptionError.

    >>> WorkingMemory(schema={"type": "object", "properties": {"name": {"type": "string"}}}).is_json
    True
    """

    scope: Scope = "resource"
    template: str | None = None
    schema: Mapping[str, Any] | None = None

    def __attrs_post_init__(self) -> None:
        _check_scope(self.scope)
        if self.template is not None and self.schema is not None:
            raise InvalidOptionError(
                "working memory takes a template or a schema, not both: a template is Markdown, "
                "and a schema makes it JSON"
            )
        if self.template is not None and (
            not isinstance(self.template, str) or not self.template.strip()
        ):
            raise InvalidOptionError("template must be a text that is not blank")
        if self.schema is None:
            return
        if not isinstance(self.schema, Mapping) or self.schema.get("type", "object") != "object":
            raise InvalidOptionError(
                "schema takes a JSON schema of an object, as in "
                '{"type": "object", "properties": {"name": {"type": "string"}}}'
            )
        accept_json(self.schema, "schema")

    @property
    def is_json(self) -> bool:
        """Whether working memory is JSON under a schema."""
        return self.schema is not None

    @property
    def form(self) -> str:
        """The form that the model fills in: the template, or the schema as JSON."""
        if self.schema is not None:
            return json.dumps(self.schema, ensure_ascii=False)
        return (self.template or TEMPLATE).strip()


@frozen(kw_only=True)
class Options:
    """The options of a memory or a call; None means off."""

    last_messages: int
    semantic_recall: SemanticRecall | None
    working_memory: WorkingMemory | None

    @classmethod
    def of(cls, last_messages: Any, semantic_recall: Any, working_memory: Any) -> Options:
        """Check the caller's options. Raises InvalidOptionError."""
        return cls(
            last_messages=_count_of(last_messages),
            semantic_recall=_of("semantic_recall", SemanticRecall, semantic_recall),
            working_memory=_of("working_memory", WorkingMemory, working_memory),
        )

    def with_(
        self,
        *,
        last_messages: Any = UNSET,
        semantic_recall: Any = UNSET,
        working_memory: Any = UNSET,
    ) -> Options:
        """Return these options, with those of a call in their place."""
        if last_messages is semantic_recall is working_memory is UNSET:
            return self
        return Options.of(
            self.last_messages if last_messages is UNSET else last_messages,
            self.semantic_recall or False if semantic_recall is UNSET else semantic_recall,
            self.working_memory or False if working_memory is UNSET else working_memory,
        )


def _of(name: str, kind: type[T], value: Any) -> T | None:
    if value is False:
        return None
    if value is True:
        return kind()
    if isinstance(value, kind):
        return value
    raise InvalidOptionError(
        f"{name} takes True, False, or a {kind.__name__}(...), not {type(value).__name__}"
    )


def _count_of(value: Any) -> int:
    if value is False:
        return 0
    if value is True:
        return LAST_MESSAGES
    if not _is_count(value):
        raise InvalidOptionError(
            "last_messages takes a whole number from 0 up, or False for none of them"
        )
    return int(value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _check_scope(value: Any) -> None:
    if value not in ("resource", "thread"):
        hint = did_you_mean(value, ("resource", "thread")) if isinstance(value, str) else ""
        shown = quoted(value) if isinstance(value, str) else type(value).__name__
        raise InvalidOptionError(f'scope takes "resource" or "thread", not {shown}{hint}')
