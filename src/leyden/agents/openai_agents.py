"""Sessions of the OpenAI Agents SDK, on DynamoDB.

::

    from agents import Agent, Runner
    from leyden.agents.openai_agents import LeydenSession

    session = LeydenSession("user-123", "agents")
    await Runner.run(Agent(name="Assistant"), "Hello", session=session)

`pip install "leyden[openai-agents]"` installs what it needs.
"""

from __future__ import annotations

from typing import Any, Unpack

from leyden.agents.backend import Adapter, Options, shared
from leyden.agents.logs import Log

try:
    from agents import TResponseInputItem
    from agents.memory import SessionABC, SessionSettings
    from agents.memory.session_settings import resolve_session_limit
except ImportError as error:
    raise ImportError(
        "leyden.agents.openai_agents needs the OpenAI Agents SDK: "
        'pip install "leyden[openai-agents]"'
    ) from error


class LeydenSession(Adapter, SessionABC):
    """The history of a conversation, as the runner of the OpenAI Agents SDK reads and writes it.

    `session_id` is any text of up to 1,900 bytes. `session_settings` are the SDK's; their `limit`
    holds where you give `get_items` none. The other options are those of every adapter, see
    `leyden.agents.backend.Options`. Sessions that are made with the same options share their
    connections, so make one for each conversation whenever you need it. That sends nothing.

    Any number of processes may work on one session. What is added together stays together, and
    appears at once; no item gets lost, and none is popped twice. See `leyden.agents.logs` for what
    happens when a process dies.

    Raises InvalidOptionError.

    >>> session = LeydenSession("user-123", "agents", region="eu-central-1")     # doctest: +SKIP
    >>> session.app.create_table()                                               # doctest: +SKIP
    """

    session_id: str
    session_settings: SessionSettings | None = None

    def __init__(
        self,
        session_id: str,
        table_name: str,
        *,
        session_settings: SessionSettings | dict[str, Any] | None = None,
        **options: Unpack[Options],
    ) -> None:
        self.session_id = session_id
        if session_settings is None or isinstance(session_settings, dict):
            session_settings = SessionSettings(**session_settings or {})
        self.session_settings = session_settings
        self._backend = shared("agents/openai_agents", "LeydenSession", table_name, **options)
        self._log: Log[Any] = Log(self._backend, {"session_id": session_id})

    async def check_table(self) -> None:
        """Compare the table with what sessions need; changes nothing.

        Raises TableNotFoundError, and TableMismatchError with all differences.
        """
        await self._backend.arun(self._backend.check_table(), "check_table")

    async def get_items(self, limit: int | None = None) -> list[TResponseInputItem]:
        """Return the newest `limit` items, the oldest first; all of them without a limit.

        One request for each MB. Above one, or with an item above 400 KB, there are two more, which
        make sure that all of it was there at one time.
        """
        limit = resolve_session_limit(limit, self.session_settings)
        return await self._backend.arun(self._log.get(limit), "get_items")

    async def add_items(self, items: list[TResponseInputItem]) -> None:
        """Append items, all or none of them.

        Two requests for up to 100 items and 256 KB, and one more for each such batch beyond.

        Raises TypeError for an item that JSON cannot hold, and ItemTooLargeError for one above
        4 MB, compressed. If an AwsError is `unsure`, the items may have been added.
        """
        await self._backend.arun(self._log.add(items), "add_items")

    async def pop_item(self) -> TResponseInputItem | None:
        """Remove the newest item and return it; None if there is none.

        Two requests, and two more whenever another call was faster.
        """
        return await self._backend.arun(self._log.pop(), "pop_item")

    async def clear_session(self) -> None:
        """Remove all items. Afterwards nothing of the session is in the table.

        One request if there are none; else four, and two for each 25 batches.
        """
        await self._backend.arun(self._log.clear(), "clear_session")

    async def close(self) -> None:
        """Close the connections, which other sessions may share; later calls open new ones."""
        await self._backend.aclose()
