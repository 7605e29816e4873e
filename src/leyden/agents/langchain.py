"""The message history of a LangChain chat, on DynamoDB.

::

    from leyden.agents.langchain import LeydenChatMessageHistory

    history = LeydenChatMessageHistory("user-123", "agents")
    history.add_user_message("Hello")

`pip install "leyden[langchain]"` installs what it needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Unpack

from leyden.agents.backend import EitherAdapter, Options, shared
from leyden.agents.logs import Log

try:
    from langchain_core.chat_history import BaseChatMessageHistory
    from langchain_core.messages import BaseMessage, message_to_dict, messages_from_dict
except ImportError as error:
    raise ImportError(
        'leyden.agents.langchain needs LangChain: pip install "leyden[langchain]"'
    ) from error


class LeydenChatMessageHistory(EitherAdapter, BaseChatMessageHistory):
    """The messages of a chat, for `RunnableWithMessageHistory` and for your own code.

    `session_id` is any text of up to 1,900 bytes. With `limit`, `messages` has the newest so many.
    The other options are those of every adapter, see `leyden.agents.backend.Options`. Histories
    that are made with the same options share their connections, so make one for each chat whenever
    you need it. That sends nothing.

    Any number of processes may write to one history. What is added together stays together, and
    appears at once, and no message gets lost. See `leyden.agents.logs` for what happens when a
    process dies.

    Raises InvalidOptionError.

    >>> history = LeydenChatMessageHistory("user-123", "agents")                 # doctest: +SKIP
    >>> history.app.create_table()                                               # doctest: +SKIP
    """

    def __init__(
        self,
        session_id: str,
        table_name: str,
        *,
        limit: int | None = None,
        **options: Unpack[Options],
    ) -> None:
        super().__init__()
        self.session_id = session_id
        self.limit = limit
        self._backend = shared(
            "agents/langchain", "LeydenChatMessageHistory", table_name, **options
        )
        self._log = Log(self._backend, {"session_id": session_id}, _plain, _message)

    @property
    def messages(self) -> list[BaseMessage]:  # type: ignore[override,unused-ignore]
        """All messages, or the newest `limit`, the oldest first.

        One request for each MB. Above one, or with a message above 400 KB, there are two more,
        which make sure that all of it was there at one time.
        """
        return self._backend.run(self._log.get(self.limit), "messages")

    async def aget_messages(self) -> list[BaseMessage]:
        """Return what `messages` has."""
        return await self._backend.arun(self._log.get(self.limit), "aget_messages")

    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        """Append messages, all or none of them.

        Two requests for up to 100 messages and 256 KB, and one more for each such batch beyond.

        Raises TypeError for a message that JSON cannot hold or LangChain cannot read back, and
        ItemTooLargeError for one above 4 MB, compressed. If an AwsError is `unsure`, the messages
        may have been added.
        """
        self._backend.run(self._log.add(messages), "add_messages")

    async def aadd_messages(self, messages: Sequence[BaseMessage]) -> None:
        """Append messages as `add_messages` does."""
        await self._backend.arun(self._log.add(messages), "aadd_messages")

    def clear(self) -> None:
        """Remove all messages. Afterwards nothing of the chat is in the table.

        One request if there are none; else four, and two for each 25 batches.
        """
        self._backend.run(self._log.clear(), "clear")

    async def aclear(self) -> None:
        """Remove all messages as `clear` does."""
        await self._backend.arun(self._log.clear(), "aclear")

    def check_table(self) -> None:
        """Compare the table with what histories need; changes nothing.

        Raises TableNotFoundError, and TableMismatchError with all differences.
        """
        self._backend.run(self._backend.check_table(), "check_table")

    async def acheck_table(self) -> None:
        """Compare the table as `check_table` does."""
        await self._backend.arun(self._backend.check_table(), "acheck_table")


_readable: Final[set[str]] = set()
"""The types of messages that LangChain was seen to read back."""


def _plain(message: BaseMessage) -> Any:
    """What is stored of a message. Raises TypeError for one that could not be read back."""
    value = message_to_dict(message)
    if message.type not in _readable:
        try:
            _message(value)
        except ValueError as error:
            raise TypeError(f"LangChain could not read this message back: {error}") from error
        _readable.add(message.type)
    return value


def _message(value: Any) -> BaseMessage:
    (message,) = messages_from_dict([value])
    return message
