"""The policy of `leyden iam --for memory` allows what the memory store sends."""

from __future__ import annotations

from typing import Any

import leyden
import leyden.engine
import leyden.events
from leyden.memory import with_vectors
from leyden.memory.dynamodb import DynamoDBVectors
from leyden.provision import iam_json, permissions
from leyden.schema import load_service
from leyden.store import DynamoDBStore
from tests.provision.goldens import ROOT
from tests.provision.policies import Access, accesses, allows, asked, granted

TABLE = "memory-table"


def use(store: DynamoDBStore) -> None:
    """Call methods of each kind."""
    store.init()
    memory = store.memory
    memory.save_thread({"id": "t1", "resource_id": "alice"})
    memory.update_thread("t1", title="x")
    message = {"thread_id": "t1", "resource_id": "alice", "role": "user", "content": "hello"}
    memory.save_messages([{"id": f"m{number}", **message} for number in range(3)])
    memory.update_messages([{"id": "m1", "content": "one"}, {"id": "m2", "content": "two"}])
    memory.list_messages("t1")
    memory.list_messages_by_id(["m1"])
    memory.list_threads()
    memory.list_threads(resource_id="alice")
    memory.delete_messages(["m2"])
    memory.update_resource("alice", metadata={"a": 1})
    store.workflows.persist_workflow_snapshot("w", "r1", {"a": 1})
    store.workflows.update_workflow_results("w", "r1", step_id="s", result={"b": 1})
    store.workflows.list_workflow_runs(workflow_name="w")
    store.workflows.get_workflow_run_by_id("r1")
    memory.delete_thread("t1")
    store.clear("memory")


def test_the_memory_store_may_do_what_it_does_and_no_other_action() -> None:
    plain = load_service(ROOT / "schemas" / "memory")
    spec = with_vectors(plain, 3)
    found: set[Access] = set()

    def hear(event: Any) -> None:
        if isinstance(event, leyden.events.RequestSent):
            found.update(accesses(event.api, event.params, {None: "pk"}))

    with leyden.engine.local() as engine:
        leyden.bind(plain, table=TABLE, engine=engine).create_table()
        reached: dict[str, Any] = {
            "endpoint_url": engine.endpoint_url,
            "region": engine.region,
            "credentials": engine.credentials,
        }
        with leyden.events.listen(hear), DynamoDBStore(table_name=TABLE, **reached) as store:
            use(store)
            vectors = DynamoDBVectors(store, dimensions=3)
            vectors.create_index(vectors.name, 3)
            vectors.query(vectors.name, [1.0, 0.0, 0.0], filter={"resource_id": "alice"})
    policy = iam_json(permissions(spec, TABLE, purpose="memory"))
    assert [access for access in found if not allows(policy, access, {})] == []
    # `init` looks at the time to live where something expires.
    assert {action for action, _ in granted(policy)} - {action for action, _ in asked(found)} == {
        "dynamodb:DescribeTimeToLive"
    }
    without = iam_json(permissions(plain, TABLE, purpose="memory"))
    assert not {"dynamodb:SearchVectors", "dynamodb:UpdateTable"} & {
        action for action, _ in granted(without)
    }
