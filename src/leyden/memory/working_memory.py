"""Working memory: reading it, updating it under a condition, and a tool for models to update it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from leyden._methods import method, program_of
from leyden._text import quoted
from leyden.errors import InputError, InvalidOptionError, NotFoundError
from leyden.memory.messages import MessageMethods
from leyden.memory.options import UNSET, Unset, WorkingMemory
from leyden.memory.text import UPDATE_TOOL
from leyden.memory.working_text import (
    IN_METADATA,
    EmptyTemplateError,
    Tool,
    Update,
    changed_text,
    tool_update,
    update_tool,
)
from leyden.program import Program
from leyden.store import Resource, Thread, change_resource, change_thread
from leyden.store import given as checks
from leyden.store.records import JSON

__all__ = ["WorkingMemoryMethods"]


class WorkingMemoryMethods(MessageMethods):
    """The methods of a memory for working memory."""

    @method
    def get_working_memory(
        self,
        *,
        thread_id: str | None = None,
        resource_id: str | None = None,
        working_memory: WorkingMemory | bool | Unset = UNSET,
    ) -> Program[str | None]:
        """Return working memory as text (JSON text under a schema), or None if there is none yet.

        `resource_id`, or one of its threads, names the working memory of a resource; `thread_id`
        names that of a thread. Raises InvalidOptionError if working memory is off, and
        ThreadOwnerError.
        """
        working = self._working(working_memory)
        place = _place(working, thread_id, resource_id)
        return (yield from self._known(working, *place))

    @method
    def update_working_memory(
        self,
        update: Update,
        *,
        thread_id: str | None = None,
        resource_id: str | None = None,
        working_memory: WorkingMemory | bool | Unset = UNSET,
    ) -> Program[str]:
        """Change working memory and return its new text. Concurrent updates lose nothing.

        `update` is a new text; or, under a schema, a dict, which is merged into the stored object:
        objects are merged key by key, None removes a key, and other values are replaced as a whole.
        It may also be a function that gets the stored text (or None) and returns one of these. The
        function is called again whenever another process was faster, so it must have no side
        effects.

        Raises NotFoundError if the thread does not exist, ThreadOwnerError, InputError.

        >>> memory.update_working_memory({"city": "Kyoto"}, resource_id="alice")  # doctest: +SKIP
        '{"name":"Alice","city":"Kyoto"}'
        """
        working = self._working(working_memory)
        thread, owner = _place(working, thread_id, resource_id)
        return (yield from self._updated(working, update, thread, owner))

    @method
    def use_tool(
        self,
        name: str,
        arguments: Mapping[str, Any],
        *,
        thread_id: str | None = None,
        resource_id: str | None = None,
        working_memory: WorkingMemory | bool | Unset = UNSET,
    ) -> Program[dict[str, JSON]]:
        """Run one of `tools()` that a model called, and return the answer for the model.

        Raises InvalidOptionError for another tool, and InputError for arguments that do not fit.
        You can show the message of the latter to the model.
        """
        if name != UPDATE_TOOL:
            raise InvalidOptionError(
                f"there is no tool {quoted(str(name))}; memory.tools() has {UPDATE_TOOL}"
            )
        working = self._working(working_memory)
        thread, owner = _place(working, thread_id, resource_id)
        if not isinstance(arguments, Mapping) or "memory" not in arguments:
            raise InputError(f"the tool {UPDATE_TOOL} takes an argument, memory")
        update = tool_update(working, arguments["memory"])
        if update is not None:
            try:
                yield from self._updated(working, update, thread, owner)
            except EmptyTemplateError as error:
                return {"success": False, "message": str(error)}
        return {"success": True}

    def tools(
        self,
        *,
        thread_id: str | None = None,
        resource_id: str | None = None,
        working_memory: WorkingMemory | bool | Unset = UNSET,
    ) -> dict[str, Tool]:
        """Return the tools to offer to a model, by name; an empty dict if working memory is off.

        Their functions update the working memory that `thread_id` and `resource_id` name.

        >>> memory.tools(resource_id="alice")["updateWorkingMemory"].function(  # doctest: +SKIP
        ...     memory="# About the user"
        ... )
        {'success': True}
        """
        working = self._with(working_memory=working_memory).working_memory
        if working is None:
            return {}
        use: Callable[..., Any] = vars(WorkingMemoryMethods)["use_tool"].__get__(self)

        def function(**arguments: Any) -> Any:
            return use(
                UPDATE_TOOL,
                arguments,
                thread_id=thread_id,
                resource_id=resource_id,
                working_memory=working,
            )

        return {UPDATE_TOOL: update_tool(working, function)}

    def _working(self, working_memory: Any) -> WorkingMemory:
        working = self._with(working_memory=working_memory).working_memory
        if working is None:
            raise InvalidOptionError(
                "working memory is off; pass working_memory=True to Memory or to this call"
            )
        return working

    def _known(
        self, working: WorkingMemory, thread_id: str | None, owner: str | None
    ) -> Program[str | None]:
        """Return the text of working memory, or None."""
        if working.scope == "resource" and owner is not None:
            resource = yield from program_of(self._store.get_resource_by_id)(owner)
            return None if resource is None else resource.working_memory or None
        assert thread_id is not None
        thread = yield from program_of(self._store.get_thread_by_id)(thread_id)
        if thread is None:
            return None
        self._owned(thread, thread_id, owner)
        if working.scope == "resource":
            return (yield from self._known(working, None, thread.resource_id))
        text = (thread.metadata or {}).get(IN_METADATA)
        return text if isinstance(text, str) and text else None

    def _updated(
        self, working: WorkingMemory, update: Update, thread_id: str | None, owner: str | None
    ) -> Program[str]:
        """Change working memory under the condition that it is unchanged since it was read."""
        if thread_id is not None and working.scope == "resource":
            thread = yield from program_of(self._store.get_thread_by_id)(thread_id)
            self._owned(thread, thread_id, owner)
            if owner is None:
                if thread is None:
                    raise NotFoundError("the thread does not exist", kind="thread", id=thread_id)
                owner = thread.resource_id
        if working.scope == "resource":
            assert owner is not None

            def of_resource(stored: Resource | None) -> dict[str, Any]:
                if stored is None:
                    return {"working_memory": changed_text(working, None, update), "metadata": {}}
                known = stored.working_memory or None
                return {"working_memory": changed_text(working, known, update)}

            resource = yield from change_resource(self._store, owner, of_resource)
            return resource.working_memory or ""
        assert thread_id is not None

        def of_thread(stored: Thread) -> dict[str, Any]:
            self._owned(stored, thread_id, owner)
            metadata = dict(stored.metadata or {})
            known = metadata.get(IN_METADATA)
            text = changed_text(
                working, known if isinstance(known, str) and known else None, update
            )
            return {"metadata": {**metadata, IN_METADATA: text}}

        changed = yield from change_thread(self._store, thread_id, of_thread)
        return str((changed.metadata or {})[IN_METADATA])


def _place(
    working: WorkingMemory, thread_id: Any, resource_id: Any
) -> tuple[str | None, str | None]:
    """Return the thread and the resource whose working memory is meant, checked."""
    thread = checks.optional(checks.identifier, thread_id, "thread_id")
    owner = checks.optional(checks.identifier, resource_id, "resource_id")
    if thread is None and (owner is None or working.scope == "thread"):
        raise InvalidOptionError(
            "working memory of scope thread needs a thread_id"
            if working.scope == "thread"
            else "working memory of scope resource needs a resource_id, or the id of a thread"
        )
    return thread, owner
