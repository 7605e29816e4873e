"""Whatever is done to both, the store on DynamoDB answers as the reference does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from leyden.errors import LeydenError
from leyden.store import InMemoryStore
from tests.conftest import ENGINES
from tests.store.conformance.made import at, content, evaluation, score, trace

THREADS = ("t1", "T1", "t2")
threads = st.sampled_from(THREADS)
message_ids = st.sampled_from(["a", "b", "B", "c-1", "c_1", "c1", "d"])
resources = st.sampled_from(["alice", "bob", "Bob"])
metadata = st.dictionaries(
    st.sampled_from(["a", "b", "é"]), st.sampled_from([1, "x", None, [True]])
)
times = st.integers(0, 2).map(at)
orders = st.tuples(st.just("created_at"), st.sampled_from(["asc", "desc"]))
dates = st.fixed_dictionaries(
    {},
    optional={
        "start": times,
        "end": times,
        "start_exclusive": st.booleans(),
        "end_exclusive": st.booleans(),
    },
)
contents = st.one_of(
    st.text("xy{[", max_size=3),
    st.builds(lambda text, data: content(text, metadata=data), st.text(max_size=3), metadata),
    st.builds(content, st.text(max_size=3)),
)
messages = st.fixed_dictionaries(
    {
        "id": message_ids,
        "thread_id": threads,
        "role": st.sampled_from(["user", "assistant"]),
        "content": contents,
        "created_at": st.none() | times,
        "resource_id": st.none() | resources,
    }
)
changes = st.fixed_dictionaries(
    {"id": message_ids},
    optional={
        "thread_id": threads,
        "role": st.just("system"),
        "resource_id": resources,
        "content": st.fixed_dictionaries(
            {},
            optional={"metadata": metadata, "parts": st.just([]), "content": st.text(max_size=2)},
        ),
    },
)
includes = st.lists(
    st.fixed_dictionaries(
        {"id": message_ids},
        optional={
            "thread_id": threads,
            "with_previous_messages": st.integers(0, 3),
            "with_next_messages": st.integers(0, 3),
        },
    ),
    max_size=2,
)
listing = {
    "per_page": st.integers(0, 4),
    "order_by": orders,
    "date_range": st.none() | dates,
    "metadata": st.none() | metadata,
    "include": includes,
    "include_total": st.booleans(),
}
runs = st.sampled_from(["r1", "r2", "R1"])
workflows = st.sampled_from(["w", "v"])
statuses = st.sampled_from(["running", "success"])
tenants = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(["x", "y"]) for name in ("organization_id", "project_id")}
)


class Both(RuleBasedStateMachine):
    """Does the same to a store and to the reference, and compares what they say."""

    def __init__(self, start: Callable[[], tuple[Any, Any, Any]]) -> None:
        super().__init__()
        self.store, self.reference, self.clock = start()

    def teardown(self) -> None:
        """Whatever was written, a check-up of all items finds nothing."""
        assert self.store.app.doctor(full=True, segments=1).findings == ()

    def do(self, domain: str, method: str, *args: Any, **options: Any) -> None:
        """Call both a moment later, and compare their answers and what is stored then."""
        self.clock.tick()
        ours = _outcome(getattr(getattr(self.store, domain), method), args, options)
        expected = _outcome(getattr(getattr(self.reference, domain), method), args, options)
        assert _comparable(ours) == _comparable(expected), f"{domain}.{method}"
        if domain == "memory":
            assert _kept(self.store) == _kept(self.reference), f"after {domain}.{method}"

    def pages(self, method: str, *, domain: str = "memory", **options: Any) -> None:
        """Read a listing to its end with both, each by its own cursors, and by number."""
        cursors: tuple[Any, Any] = (None, None)
        number = 0
        seen: list[str] = []
        while True:
            pages = [
                getattr(getattr(store, domain), method)(cursor=cursor, **options)
                for store, cursor in zip((self.store, self.reference), cursors, strict=True)
            ]
            assert _without_cursor(pages[0]) == _without_cursor(pages[1]), method
            entries = _entries(pages[0])
            if number:
                assert not {entry.id for entry in entries} & set(seen), "given twice"
            seen += [entry.id for entry in entries]
            if not options.get("include"):
                by_number = getattr(getattr(self.store, domain), method)(page=number, **options)
                assert _entries(by_number) == _entries(pages[1]), method
            cursors = (pages[0].cursor, pages[1].cursor)
            assert (cursors[0] is None) == (cursors[1] is None)
            if cursors[0] is None:
                return
            number += 1

    @initialize(
        owner=resources,
        several=st.lists(messages, min_size=4, unique_by=lambda one: one["id"].lower()),
    )
    def begin(self, owner, several):
        for id in ("t1", "t2"):
            self.do("memory", "save_thread", {"id": id, "resource_id": owner})
        self.do("memory", "save_messages", several)

    @rule(id=threads, owner=resources, data=st.none() | metadata, time=st.none() | times)
    def save_thread(self, id, owner, data, time):
        fields = {"id": id, "resource_id": owner, "metadata": data, "created_at": time}
        self.do("memory", "save_thread", fields)

    @rule(id=threads, title=st.sampled_from([None, "", "New"]), data=st.none() | metadata)
    def update_thread(self, id, title, data):
        self.do("memory", "update_thread", id, title=title, metadata=data)

    @rule(id=threads, owner=st.none() | resources)
    def get_thread(self, id, owner):
        self.do("memory", "get_thread_by_id", id, resource_id=owner)

    @rule(id=threads)
    def delete_thread(self, id):
        self.do("memory", "delete_thread", id)

    @rule(id=threads, owner=resources)
    def give_away(self, id, owner):
        self.do("memory", "update_thread_resource_id", id, owner)

    @rule(id=threads, limit=st.sampled_from([None, 0, 1, 2]), start=st.none() | times)
    def copy_thread(self, id, limit, start):
        copies = []
        for store in (self.store, self.reference):
            options = {"new_thread_id": "copy", "message_limit": limit, "start_date": start}
            copy = _outcome(store.memory.clone_thread, (id,), options)
            if not isinstance(copy, tuple):
                names = list(copy.message_id_map.values())
                copies.append(
                    (
                        copy.thread,
                        list(copy.message_id_map),
                        [
                            (names.index(m.id), m.thread_id, m.content, m.created_at, m.resource_id)
                            for m in copy.cloned_messages
                        ],
                    )
                )
                store.memory.delete_thread("copy")
            else:
                copies.append(copy)
        assert copies[0] == copies[1]

    @rule(several=st.lists(messages, max_size=6))
    def save_messages(self, several):
        self.do("memory", "save_messages", several)

    @rule(several=st.lists(changes, max_size=3))
    def update_messages(self, several):
        self.do("memory", "update_messages", several)

    @rule(several=st.lists(message_ids, max_size=3))
    def delete_messages(self, several):
        self.do("memory", "delete_messages", several)

    @rule(several=st.lists(message_ids, max_size=5))
    def list_messages_by_id(self, several):
        self.do("memory", "list_messages_by_id", several)

    @rule(
        thread_id=threads | st.lists(threads, min_size=1, max_size=3),
        owner=st.none() | resources,
        options=st.fixed_dictionaries({}, optional=listing),
    )
    def list_messages(self, thread_id, owner, options):
        self.pages("list_messages", thread_id=thread_id, resource_id=owner, **options)

    @rule(
        id=message_ids,
        owner=st.none() | resources,
        before=st.integers(0, 2),
        after=st.integers(0, 2),
    )
    def include(self, id, owner, before, after):
        include = {"id": id, "with_previous_messages": before, "with_next_messages": after}
        options = {"resource_id": owner, "per_page": 0, "include": [include]}
        self.do("memory", "list_messages", "no such thread", **options)

    @rule(owner=resources, options=st.fixed_dictionaries({}, optional=listing))
    def list_messages_of_resource(self, owner, options):
        self.pages("list_messages_by_resource_id", resource_id=owner, **options)

    @rule(
        owner=st.none() | resources,
        data=st.none() | metadata,
        field=st.sampled_from(["created_at", "updated_at"]),
        direction=st.sampled_from(["asc", "desc"]),
        size=st.integers(1, 4),
    )
    def list_threads(self, owner, data, field, direction, size):
        self.pages(
            "list_threads",
            resource_id=owner,
            metadata=data,
            order_by=(field, direction),
            per_page=size,
        )

    @rule(id=resources, memory=st.none() | st.text(max_size=3), data=st.none() | metadata)
    def save_resource(self, id, memory, data):
        fields = {"id": id, "working_memory": memory, "metadata": data}
        self.do("memory", "save_resource", fields)

    @rule(id=resources, memory=st.none() | st.text(max_size=3), data=st.none() | metadata)
    def update_resource(self, id, memory, data):
        self.do("memory", "update_resource", id, working_memory=memory, metadata=data)
        self.do("memory", "get_resource_by_id", id)

    @rule(name=workflows, run=runs, status=statuses, owner=st.none() | resources)
    def persist_run(self, name, run, status, owner):
        snapshot = {"status": status, "context": {}}
        self.do("workflows", "persist_workflow_snapshot", name, run, snapshot, resource_id=owner)

    @rule(name=workflows, run=runs, step=st.sampled_from(["x", "y"]), data=st.none() | metadata)
    def put_result(self, name, run, step, data):
        options = {"step_id": step, "result": data, "request_context": data}
        self.do("workflows", "update_workflow_results", name, run, **options)

    @rule(name=workflows, run=runs, status=statuses, expected=st.none() | statuses)
    def set_state(self, name, run, status, expected):
        fields = {"status": status, "extra": [1]}
        self.do("workflows", "update_workflow_state", name, run, fields, expected_status=expected)

    @rule(name=workflows, run=runs)
    def delete_run(self, name, run):
        self.do("workflows", "delete_workflow_run_by_id", run, name)

    @rule(
        name=st.none() | workflows,
        run=runs,
        owner=st.none() | resources,
        status=st.none() | statuses,
        page=st.integers(0, 1),
        size=st.integers(0, 3),
        total=st.booleans(),
    )
    def list_runs(self, name, run, owner, status, page, size, total):
        self.do("workflows", "get_workflow_run_by_id", run, workflow_name=name)
        self.do("workflows", "load_workflow_snapshot", name or "w", run)
        options = {"resource_id": owner, "status": status, "page": page, "per_page": size}
        options["include_total"] = total
        self.do("workflows", "list_workflow_runs", workflow_name=name, **options)

    @rule(
        id=st.sampled_from(["s1", "s2", "S1", "s3"]), run=st.sampled_from(["r1", "r2"]), of=tenants
    )
    def save_score(self, id, run, of):
        self.do("scores", "save_score", score(id=id, run_id=run, **of))
        self.do("scores", "get_score_by_id", id)

    @rule(
        page=st.integers(0, 2),
        size=st.integers(0, 3),
        source=st.sampled_from([None, "LIVE"]),
        total=st.booleans(),
        tenant=st.none() | tenants,
    )
    def list_scores(self, page, size, source, total, tenant):
        of = {"page": page, "per_page": size, "include_total": total, "filters": tenant}
        self.do("scores", "list_scores_by_scorer_id", "relevance", source=source, **of)
        self.do("scores", "list_scores_by_run_id", "r1", **of)
        self.do("scores", "list_scores_by_entity_id", "agent-1", "AGENT", **of)

    @rule(
        id=message_ids,
        start=st.sampled_from([9, 20, 100, 1_760_000_000_000, 1_760_000_000_000_000.5, -1, 1e21]),
        name=st.sampled_from(["x", "y"]),
    )
    def spans(self, id, start, name):
        self.do("traces", "batch_trace_insert", [trace(id, start_time=start, name=name)])
        self.do("traces", "get_traces", name=name, per_page=3)
        self.do("traces", "get_traces", page=1, per_page=2, include_total=True)
        self.pages("get_traces", domain="traces", name=name, per_page=2)

    @rule(id=message_ids, agent=st.sampled_from(["x", "y"]), info=st.sampled_from([None, "p"]))
    def evaluations(self, id, agent, info):
        test_info = info and {"testPath": info}
        one = evaluation(id, agent_name=agent, test_info=test_info)
        self.do("evals", "insert_evals", [one])
        self.do("evals", "get_evals_by_agent_name", agent, type="live")
        self.do("evals", "get_evals", page=1, per_page=2, include_total=True)

    @rule(domain=st.sampled_from(["memory", *["workflows", "scores", "traces", "evals"] * 2]))
    def clear(self, domain):
        self.store.clear(domain)
        self.reference.clear(domain)


def _outcome(call: Callable[..., Any], args: Any, options: Any) -> Any:
    """What a call gives, or the kind of its error and what it names."""
    try:
        return call(*args, **options)
    except LeydenError as error:
        return (type(error), error.operation)


def _kept(store: Any) -> Any:
    """All threads and messages that are stored, and the neighbours of one message."""
    threads = store.memory.list_threads(per_page=None).threads
    around = {"id": "c1", "with_previous_messages": 1, "with_next_messages": 2}
    return (
        threads,
        store.memory.list_messages(list(THREADS), per_page=None).messages,
        store.memory.list_messages("no such thread", include=[around]).messages,
    )


def _comparable(outcome: Any) -> Any:
    """An answer without what may differ: the order in which changed messages are told, cursors."""
    if hasattr(outcome, "cursor"):
        return evolve(outcome, cursor=outcome.cursor and "on")
    if isinstance(outcome, list) and all(hasattr(one, "thread_id") for one in outcome):
        return sorted(outcome, key=lambda one: one.id)
    return outcome


def _entries(page: Any) -> Any:
    names = ("messages", "threads", "traces")
    return next(getattr(page, name) for name in names if hasattr(page, name))


def _without_cursor(page: Any) -> Any:
    return (_entries(page), page.total, page.page, page.per_page, page.has_more)


@pytest.mark.parametrize("backend", ENGINES, indirect=True, scope="session")
def test_the_store_answers_as_the_reference_does(shared_store, clock, empty_table):
    store, _ = shared_store

    def start() -> tuple[Any, Any, Any]:
        empty_table(store.table_name)
        clock.reset()
        return store, InMemoryStore(clock=clock), clock

    run_state_machine_as_test(
        lambda: Both(start),
        settings=settings(
            max_examples=20,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
    empty_table(store.table_name)
