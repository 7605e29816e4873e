"""Our methods' names, arguments and answers in the TypeScript client's words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs
from attrs import frozen

Values = Mapping[str, Any]

MISSING_THERE: Final = {
    "memory.copy_thread": "the client's copyThread and cloneThread say that they do not exist",
    "memory.clone_thread": "as copy_thread",
    "memory.list_messages_by_resource_id": "the client's listMessagesByResourceId does not exist",
}
"""The methods of ours that the client has only as a message that it has not."""


@frozen
class Call:
    """A call of a method of ours: `memory.save_thread` with its arguments by name."""

    method: str
    arguments: Values

    @property
    def domain(self) -> str:
        return self.method.partition(".")[0]

    @property
    def name(self) -> str:
        return self.method.partition(".")[2]

    @property
    def is_listing(self) -> bool:
        """Whether it gives a page, of which the client always counts the total."""
        return self.name.startswith("list_") and self.name != "list_messages_by_id"

    def on(self, store: Any) -> Any:
        """Call it on a store of ours, with the total where nothing else is said."""
        total = {"include_total": True} if self.is_listing else {}
        return getattr(getattr(store, self.domain), self.name)(**{**total, **self.arguments})


def camel(name: str) -> str:
    """`thread_id` as `threadId`."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def snake(name: str) -> str:
    """`threadId` as `thread_id`."""
    return re.sub(r"(?<=[a-z])[A-Z]", lambda letter: f"_{letter[0].lower()}", name)


def camels(values: Values) -> dict[str, Any]:
    """Values by camelCase names: those of the values themselves stay as they are."""
    return {camel(name): value for name, value in values.items()}


def _paging(arguments: dict[str, Any]) -> dict[str, Any]:
    """What of the arguments says the page and its order, taken out of them."""
    paging: dict[str, Any] = {}
    if "page" in arguments:
        paging["page"] = arguments.pop("page")
    if "per_page" in arguments:
        per_page = arguments.pop("per_page")
        paging["perPage"] = False if per_page is None else per_page
    if "order_by" in arguments:
        by, direction = arguments.pop("order_by")
        paging["orderBy"] = {"field": camel(by), "direction": direction.upper()}
    return paging


def _list_messages(arguments: dict[str, Any]) -> list[Any]:
    given = _paging(arguments)
    if "date_range" in arguments:
        given["filter"] = {"dateRange": camels(arguments.pop("date_range"))}
    if "include" in arguments:
        given["include"] = [camels(include) for include in arguments.pop("include")]
    return [{**given, **camels(arguments)}]


def _list_threads(arguments: dict[str, Any]) -> list[Any]:
    given = _paging(arguments)
    return [{**given, **({"filter": camels(arguments)} if arguments else {})}]


def _list_scores(arguments: dict[str, Any]) -> list[Any]:
    # The client has no page of its own accord.
    paging = {"page": 0, "perPage": 100, **_paging(arguments)}
    return [{**camels(arguments), "pagination": paging}]


def _named(argument: str) -> Callable[[dict[str, Any]], list[Any]]:
    return lambda arguments: [{argument: camels(arguments[argument])}]


def _records(arguments: dict[str, Any]) -> list[Any]:
    return [{"messages": [camels(message) for message in arguments["messages"]]}]


_ARGUMENTS: Final[Mapping[str, Callable[[dict[str, Any]], list[Any]]]] = {
    "save_thread": _named("thread"),
    "save_resource": _named("resource"),
    "save_messages": _records,
    "update_messages": _records,
    "delete_messages": lambda arguments: [arguments["message_ids"]],
    "save_score": lambda arguments: [camels(arguments["score"])],
    "list_messages": _list_messages,
    "list_threads": _list_threads,
    "list_workflow_runs": lambda arguments: [{**_paging(arguments), **camels(arguments)}],
    "list_scores_by_scorer_id": _list_scores,
    "list_scores_by_run_id": _list_scores,
    "list_scores_by_entity_id": _list_scores,
    "list_scores_by_span": _list_scores,
}


def theirs(call: Call) -> tuple[str, str, list[Any]]:
    """The call as the client's domain, method and arguments."""
    arguments = dict(call.arguments)
    made = _ARGUMENTS.get(call.name, lambda given: [camels(given)])(arguments)
    return call.domain, camel(call.name), made


def _plain(values: Values) -> dict[str, Any]:
    """A record's values without what is not there, and without the item's own attributes."""
    return {name: value for name, value in values.items() if value is not None}


def _record(value: Any, *, is_score: bool = False) -> dict[str, Any]:
    if attrs.has(type(value)):
        return _plain({name: getattr(value, name) for name in attrs.fields_dict(type(value))})
    values = {snake(name): held for name, held in value.items()}
    values.pop("ttl", None)
    values.pop("expires_at", None)
    if not is_score:
        values.pop("entity", None)  # the kind of the item, which the client leaves in
    return _plain(values)


def _page(value: Any, of: str, *, is_score: bool = False) -> dict[str, Any]:
    if not attrs.has(type(value)):
        value = {snake(name): held for name, held in value.items()}
        value.update({snake(n): h for n, h in value.pop("pagination", {}).items()})
        if value.get("per_page") is False:
            value["per_page"] = None
    else:
        value = {name: getattr(value, name) for name in attrs.fields_dict(type(value))}
        value.pop("cursor", None)
    return {**value, of: [_record(record, is_score=is_score) for record in value[of]]}


def facts(call: Call, answer: Any) -> Any:
    """What an answer of either side says, in a form that is the same for both."""
    if answer is None:
        return None
    said = _facts(call, answer)
    if call.is_listing and call.arguments.get("per_page") == 0:
        # The client counts what it then shows nothing of: see test_faults.
        return _without(said, "total", "has_more")
    return said


def _without(page: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in page.items() if name not in names}


def _facts(call: Call, answer: Any) -> Any:
    match call.name:
        case "list_threads":
            return _page(answer, "threads")
        case "list_messages" | "list_messages_by_resource_id":
            return _page(answer, "messages")
        case "list_workflow_runs":
            return _without(_page(answer, "runs"), "page", "per_page", "has_more")
        case name if name.startswith("list_scores"):
            return _page(answer, "scores", is_score=True)
        case "save_score":
            return _record(answer["score"] if isinstance(answer, dict) else answer, is_score=True)
        case "get_score_by_id":
            return _record(answer, is_score=True)
        case "save_messages" | "list_messages_by_id" | "update_messages":
            messages = answer["messages"] if isinstance(answer, dict) else answer
            return [_record(message) for message in messages]
        case "load_workflow_snapshot" | "update_workflow_results" | "update_workflow_state":
            return answer
        case _:
            return _record(answer)
