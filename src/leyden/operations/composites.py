"""What a caller says of a stored item: `.composite()` of writes that change a part of one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

from leyden._attrs import field, frozen
from leyden.arguments import fitting
from leyden.errors import CompositeConflictError, InvalidExpressionError
from leyden.operations.bound import refuse_no_mapping
from leyden.operations.operation import changed
from leyden.operations.plan.expressions import Expressions
from leyden.operations.refusal import Asked
from leyden.operations.write import Write
from leyden.program import Item


@frozen(eq=False, repr=False)
class ChangesPart(Write):
    """A write that changes a part of an item, and may be told what the rest is."""

    _known: Mapping[str, Any] = field(factory=dict, kw_only=True)
    """Accepted values of the stored item by name; None for what it does not have."""

    @fitting('.composite(status="open")')
    def composite(self, /, **attributes: Any) -> Self:
        """Say what attributes are that the write does not change; None says that there is none.

        Index keys, sparse indexes and derived attributes may need them. Each becomes a condition,
        so that the write happens only if the stored item agrees.

        Raises CompositeConflictError where one is given twice with different values.

        >>> task.patch(...).set(points=5).composite(status="open", due=None)   # doctest: +SKIP
        """
        with self._naming():
            entity = self._entity
            refuse_no_mapping(attributes, entity.spec.entity)
            accepted = entity.accept(attributes)
            self._refuse_large(attributes)
            known = {**self._known}
            for name in attributes:
                value = accepted.get(name)
                if known.setdefault(name, value) != value:
                    raise CompositeConflictError(
                        f'"{name}" was given to .composite() twice, with different values',
                        entity=entity.spec.entity,
                    )
            return changed(self, known=known)

    def _refuse_large(self, names: Iterable[str]) -> None:
        """Raise where no condition could compare what is stored."""
        for name in names:
            if self._entity.spec.attributes[name].overflow:
                raise InvalidExpressionError(
                    f'"{name}" may be stored outside of its item (`overflow`), where no condition '
                    "can compare it; give it with .set(), or write the whole item with .put()",
                    entity=self._entity.spec.entity,
                )

    @property
    def _asked(self) -> Asked:
        """What the write asks of the stored item, to say what of it did not hold."""
        attributes = self._entity.spec.attributes
        absent = [attributes[name].field for name, value in self._known.items() if value is None]
        composite = {**self._agreed(), **dict.fromkeys(absent)}
        return Asked(self._needs, where=bool(self._conditions), composite=composite)

    def _agreed(self) -> Item:
        """The stored fields that the item must have, as the caller said."""
        return self._entity.compiled.encode_few(
            {name: value for name, value in self._known.items() if value is not None}
        )

    def _agreements(self, expressions: Expressions) -> list[str]:
        """The conditions that what the caller said of the stored item is so."""
        if not self._known:
            return []
        attributes = self._entity.spec.attributes
        absent = [attributes[name].field for name, value in self._known.items() if value is None]
        return [
            *(expressions.equal(*pair) for pair in self._agreed().items()),
            *(self._is_absent(field, expressions) for field in absent),
        ]

    def _is_absent(self, field: str, expressions: Expressions) -> str:
        """The condition that the item has no value there; a key's own text is none."""
        text = self._entity.keys.text_of_absent(field)
        absent = f"attribute_not_exists({expressions.name(field)})"
        return f"({absent} OR {expressions.equal(field, {'S': text})})" if text else absent
