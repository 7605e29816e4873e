"""Resources: what is remembered across threads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from leyden.program import Program
from leyden.store import given
from leyden.store.dynamodb.methods import method
from leyden.store.dynamodb.programs.base import DOMAIN, MemoryBase
from leyden.store.dynamodb.programs.merging import insisting, merge
from leyden.store.dynamodb.rows import resource_of, resource_values
from leyden.store.interface import Given
from leyden.store.records import JSON, Resource


class ResourceMethods(MemoryBase):
    """The methods of `Memory` on resources."""

    @method
    def get_resource_by_id(self, resource_id: str) -> Program[Resource | None]:
        """Read one item."""
        id = given.identifier(resource_id, "resource_id")
        return resource_of((yield from self._resources.get(id=id).program(consistent=True)))

    @method
    def save_resource(self, resource: Resource | Given) -> Program[Resource]:
        """Write one item, over whatever is stored but its time of creation."""
        new, now = given.resource(resource), self._now()
        whole = evolve(new, created_at=new.created_at or now, updated_at=now)
        values = {**resource_values(whole), **self._living(now)}
        write = self._resources.upsert(**values)
        saved = resource_of((yield from insisting(lambda: write.program(response="all_new"))))
        assert saved is not None
        return saved

    @method
    def update_resource(
        self,
        resource_id: str,
        *,
        working_memory: str | None = None,
        metadata: Mapping[str, JSON] | None = None,
    ) -> Program[Resource]:
        """Merge into one item, which is made where there is none."""
        id = given.identifier(resource_id, "resource_id")
        memory = given.optional(given.text, working_memory, "working_memory")
        added = given.optional(given.mapping, metadata, "metadata")
        remembered: dict[str, Any] = {} if memory is None else {"working_memory": memory}

        def change(stored: Any) -> Mapping[str, Any]:
            if stored is None:
                now = self._now()
                begun = {"metadata": added or {}, "created_at": now, **self._living(now)}
                return {**remembered, **begun}
            if added is None:
                return remembered
            return {**remembered, "metadata": {**(stored.metadata or {}), **added}}

        record = yield from merge(
            self._resources,
            {"id": id},
            change,
            now=self._now,
            operation=f"{DOMAIN}.update_resource",
        )
        changed = resource_of(record)
        assert changed is not None
        return changed

    def _living(self, now: Any) -> dict[str, Any]:
        return dict(self._ttl.fields(self._resources.spec.alias, now))
