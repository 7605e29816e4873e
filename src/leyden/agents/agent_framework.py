"""The history provider of Microsoft's Agent Framework, on DynamoDB.

::

    from leyden.agents.agent_framework import LeydenHistoryProvider

    agent = Agent(client=client, context_providers=[LeydenHistoryProvider("agents")])

`pip install "leyden[agent-framework]"` installs what it needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar, Unpack

from leyden.agents.backend import Adapter, Options, shared
from leyden.agents.logs import Log
from leyden.program import Program, Work

try:
    from agent_framework import HistoryProvider, Message
    from agent_framework import _sessions as framework
except ImportError as error:
    raise ImportError(
        "leyden.agents.agent_framework needs Microsoft's Agent Framework: "
        'pip install "leyden[agent-framework]"'
    ) from error


class LeydenHistoryProvider(Adapter, HistoryProvider):
    """Loads the messages of a session before an agent's run, and stores new ones after it.

    One provider serves all sessions. The flags are those of every history provider of the
    framework; `skip_excluded` leaves out messages that compaction has marked as excluded. Providers
    with different `source_id`s keep their messages apart, also on one table. The other options are
    those of every adapter, see `leyden.agents.backend.Options`.

    Any number of processes may work on one session. What is saved together stays together, and
    appears at once, and no message gets lost. See `leyden.agents.logs` for what happens when a
    process dies.

    Raises InvalidOptionError.

    >>> provider = LeydenHistoryProvider("agents", region="eu-central-1")        # doctest: +SKIP
    >>> provider.app.create_table()                                              # doctest: +SKIP
    """

    DEFAULT_SOURCE_ID: ClassVar[str] = "leyden"

    def __init__(
        self,
        table_name: str,
        source_id: str = DEFAULT_SOURCE_ID,
        *,
        load_messages: bool = True,
        store_inputs: bool = True,
        store_context_messages: bool = False,
        store_context_from: set[str] | None = None,
        store_outputs: bool = True,
        skip_excluded: bool = False,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(
            source_id,
            load_messages=load_messages,
            store_inputs=store_inputs,
            store_context_messages=store_context_messages,
            store_context_from=store_context_from,
            store_outputs=store_outputs,
        )
        self.skip_excluded = skip_excluded
        self._backend = shared(
            "agents/agent_framework", "LeydenHistoryProvider", table_name, **options
        )

    async def check_table(self) -> None:
        """Compare the table with what the provider needs; changes nothing.

        Raises TableNotFoundError, and TableMismatchError with all differences.
        """
        await self._backend.arun(self._backend.check_table(), "check_table")

    async def get_messages(
        self, session_id: str | None, *, state: dict[str, Any] | None = None, **kwargs: Any
    ) -> list[Message]:
        """Return the messages of a session, the oldest first.

        One request for each MB. Above one, or with a message above 400 KB, there are two more,
        which make sure that all of it was there at one time.
        """
        found = await self._backend.arun(self._log(session_id).get(), "get_messages")
        if self.skip_excluded:
            return [one for one in found if not one.additional_properties.get("_excluded")]
        return found

    async def save_messages(
        self,
        session_id: str | None,
        messages: Sequence[Message],
        *,
        state: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Append messages to a session, all or none of them.

        Some workflows hand over the whole transcript again and again. So messages at the beginning
        that the session ends with already are left out, if the framework's own providers do so.

        Two or three requests for up to 100 messages and 256 KB, and one for each such batch beyond.

        Raises TypeError for a message that JSON cannot hold, and ItemTooLargeError for one above
        4 MB, compressed. If an AwsError is `unsure`, the messages may have been saved.
        """
        if not messages:
            return
        saving = _saved(self._log(session_id), messages)
        await self._backend.arun(saving, "save_messages")

    async def clear(self, session_id: str | None) -> None:
        """Remove all messages of a session. Afterwards nothing of it is in the table.

        One request if there are none; else four, and two for each 25 batches.
        """
        await self._backend.arun(self._log(session_id).clear(), "clear")

    async def close(self) -> None:
        """Close the connections, which other providers may share; later calls open new ones."""
        await self._backend.aclose()

    def _log(self, session_id: str | None) -> Log[Message]:
        key = {"source_id": self.source_id, "session_id": session_id or "default"}
        return Log(self._backend, key, _plain, Message.from_dict)


_new: Any = getattr(framework, "filter_new_messages", None)
"""What the framework's providers leave out with, in releases where they do."""


def _saved(log: Log[Message], messages: Sequence[Message]) -> Program[None]:
    if _new is not None:
        # With one more than there are new ones, it shows whether there is more than that.
        stored = yield from log.get(len(messages) + 1)
        messages = yield Work(partial(_new, stored, messages))
    yield from log.add(messages)


def _plain(message: Message) -> Any:
    return message.to_dict()
