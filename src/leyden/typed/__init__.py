"""Typed services: modules that `leyden types` writes, and what they need at run time.

A module holds the schemas that it was made of, and types for type checkers. What it gives at run
time are the objects that `leyden.load` gives; its types cost nothing. The types that modules share
are in `leyden.typed.static`, and `leyden.typed.writing` writes modules.

>>> module_text({"order.yaml": "entity: order ..."}, "shop")         # doctest: +SKIP
"""

from typing import TYPE_CHECKING

from leyden._late import from_modules

if TYPE_CHECKING:
    from leyden.typed.schemas import CARRIES, FORMAT, Schemas, digest_of
    from leyden.typed.writing import module_text
else:
    # A generated module needs nothing that writes them.
    __getattr__ = from_modules(
        __name__, schemas="CARRIES FORMAT Schemas digest_of", writing="module_text"
    )

__all__ = ["CARRIES", "FORMAT", "Schemas", "digest_of", "module_text"]
