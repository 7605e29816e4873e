"""Hypothesis strategies for calls one after the other, as agents would make them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

from attrs import field, frozen
from hypothesis import strategies as st

from tests.store.interop import values
from tests.store.interop.words import Call

Side = Literal["ours", "theirs"]


@frozen
class Step:
    """A call, the time at which clocks stand meanwhile, and who makes it on the shared table."""

    call: Call
    now: datetime
    by: Side


@frozen
class Script:
    """Steps, and the ids that occur in them, with some that do not."""

    steps: tuple[Step, ...]
    threads: tuple[str, ...]
    messages: tuple[str, ...]
    resources: tuple[str, ...]
    runs: tuple[tuple[str, str], ...] = field(default=())


def _unlike(count: int, ids: st.SearchStrategy[str] = values.ids) -> st.SearchStrategy[list[str]]:
    """Ids that differ by more than the case of their letters."""
    return st.lists(
        ids, min_size=count, max_size=count, unique_by=lambda text: text.lower().upper()
    )


def _some(draw: st.DrawFn, **optional: st.SearchStrategy[Any]) -> dict[str, Any]:
    return draw(st.fixed_dictionaries({}, optional=optional))


class _Steps:
    """Collects calls, each a little later than the one before."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._now = values.START
        self.steps: list[Step] = []

    def add(self, method: str, **arguments: Any) -> None:
        self._now += timedelta(milliseconds=self._draw(st.integers(1, 90_000)))
        by: Side = self._draw(st.sampled_from(["ours", "theirs"]))
        self.steps.append(Step(Call(method, arguments), self._now, by))


@st.composite
def memory_scripts(draw: st.DrawFn) -> Script:
    """Calls of memory in which the client has none of its known faults."""
    threads = draw(_unlike(3))
    messages = draw(_unlike(8, values.ascii_ids))
    resources = draw(_unlike(2))
    steps = _Steps(draw)
    held: dict[str, str] = {}  # the thread of each message that is there
    open_threads: list[str] = []
    created = draw(st.lists(values.past_times, min_size=3, max_size=3, unique=True))

    def save_thread(thread: str) -> None:
        given = _some(
            draw, title=values.texts, metadata=values.metadata, updated_at=values.past_times
        )
        # The client keeps none but the latest time, so it is always the same: see test_faults.
        given["created_at"] = created[threads.index(thread)]
        resource = draw(st.sampled_from(resources))
        steps.add("memory.save_thread", thread={"id": thread, "resource_id": resource, **given})
        if thread not in open_threads:
            open_threads.append(thread)

    def save_messages() -> None:
        thread = draw(st.sampled_from(open_threads))
        free = [id for id in messages if held.get(id, thread) == thread]
        chosen = draw(st.lists(st.sampled_from(free), min_size=1, max_size=4, unique=True))
        steps.add(
            "memory.save_messages",
            messages=[draw(present_messages(id, thread)) for id in chosen],
        )
        held.update(dict.fromkeys(chosen, thread))

    def update_messages() -> None:
        chosen = draw(st.lists(st.sampled_from(messages), min_size=1, max_size=3, unique=True))
        changes = []
        for id in chosen:
            change = _some(
                draw,
                role=st.sampled_from(["user", "assistant", "tool"]),
                type=st.sampled_from(["v2", "text"]),
                resource_id=st.sampled_from(resources),
                thread_id=st.sampled_from(open_threads),
                content=st.fixed_dictionaries(
                    {},
                    optional={
                        "metadata": values.objects,
                        "content": values.texts,
                        "parts": values.parts,
                    },
                ),
            )
            changes.append({"id": id, **change})
            if id in held and "thread_id" in change:
                held[id] = change["thread_id"]
        steps.add("memory.update_messages", messages=changes)

    def delete_messages() -> None:
        chosen = draw(st.lists(st.sampled_from(messages), max_size=3, unique=True))
        steps.add("memory.delete_messages", message_ids=chosen)
        for id in chosen:
            held.pop(id, None)

    def update_thread() -> None:
        given = _some(draw, title=values.plain_texts, metadata=values.objects)
        steps.add("memory.update_thread", id=draw(st.sampled_from(threads)), **given)

    def give_thread() -> None:
        steps.add(
            "memory.update_thread_resource_id",
            thread_id=draw(st.sampled_from(threads)),
            resource_id=draw(st.sampled_from(resources)),
        )

    def delete_thread() -> None:
        thread = draw(st.sampled_from(threads))
        steps.add("memory.delete_thread", thread_id=thread)
        for id in [id for id, of in held.items() if of == thread]:
            del held[id]
        if thread in open_threads:
            open_threads.remove(thread)

    def save_resource() -> None:
        given = _some(
            draw,
            working_memory=values.texts,
            metadata=values.metadata,
            created_at=values.times,
        )
        steps.add(
            "memory.save_resource", resource={"id": draw(st.sampled_from(resources)), **given}
        )

    def update_resource() -> None:
        given = _some(draw, working_memory=values.texts, metadata=values.objects)
        steps.add("memory.update_resource", resource_id=draw(st.sampled_from(resources)), **given)

    save_thread(threads[0])
    for _ in range(draw(st.integers(1, 10))):
        if not open_threads:
            save_thread(draw(st.sampled_from(threads)))
        action = draw(
            st.sampled_from(
                [
                    lambda: save_thread(draw(st.sampled_from(threads))),
                    save_messages,
                    save_messages,
                    update_messages,
                    delete_messages,
                    update_thread,
                    give_thread,
                    delete_thread,
                    save_resource,
                    update_resource,
                ]
            )
        )
        action()
    return Script(tuple(steps.steps), tuple(threads), tuple(messages), tuple(resources))


def present_messages(id: str, thread: str) -> st.SearchStrategy[dict[str, Any]]:
    """A message of the present format."""
    return st.fixed_dictionaries(
        {
            "id": st.just(id),
            "thread_id": st.just(thread),
            "role": st.sampled_from(["user", "assistant"]),
            "type": st.just("v2"),
            "content": values.contents,
            # Several without a time get one each here, and one for all there: see test_faults.
            "created_at": _tied_times,
        },
        optional={"resource_id": values.ids},
    )


# Few, so that messages often have the same.
_tied_times = st.one_of(
    st.sampled_from([values.START - timedelta(days=1), values.START - timedelta(hours=1)]),
    values.times,
)


@st.composite
def workflow_scripts(draw: st.DrawFn) -> Script:
    """Calls of workflows."""
    workflows = draw(_unlike(2))
    run_ids = draw(_unlike(3))
    resources = draw(_unlike(2))
    steps = _Steps(draw)

    def run() -> dict[str, str]:
        return {
            "workflow_name": draw(st.sampled_from(workflows)),
            "run_id": draw(st.sampled_from(run_ids)),
        }

    def persist() -> None:
        given = _some(
            draw,
            resource_id=st.sampled_from(resources),
            created_at=values.times,
            updated_at=values.past_times,
        )
        snapshot = {
            "status": draw(st.sampled_from(["pending", "running", "failed"])),
            "context": draw(values.objects),
            **draw(st.fixed_dictionaries({}, optional={"value": values.metadata})),
        }
        steps.add("workflows.persist_workflow_snapshot", **run(), snapshot=snapshot, **given)

    def update_results() -> None:
        steps.add(
            "workflows.update_workflow_results",
            **run(),
            step_id=draw(values.names.filter(values.names_something)),
            result=draw(values.json_values),
            request_context=draw(values.objects),
        )

    def update_state() -> None:
        opts = _some(draw, status=st.sampled_from(["running", "success"]), error=values.texts)
        steps.add("workflows.update_workflow_state", **run(), opts=opts)

    def delete() -> None:
        steps.add("workflows.delete_workflow_run_by_id", **run())

    for _ in range(draw(st.integers(1, 8))):
        draw(st.sampled_from([persist, persist, update_results, update_state, delete]))()
    return Script(
        tuple(steps.steps),
        (),
        (),
        tuple(resources),
        tuple((workflow, id) for workflow in workflows for id in run_ids),
    )
