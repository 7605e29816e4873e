"""Typed services: modules that `leyden types` writes, and what they need at run time.

A module contains the schemas that it was made of, and types for type checkers. At run time it
returns the same objects as `leyden.load`, and its types cost nothing. The types that modules share
are in `leyden.typed.static`, and `leyden.typed.writing` writes the modules.

>>> module_text({"order.yaml": "entity: order ..."}, "shop")         # doctest: +SKIP
"""

from typing import TYPE_CHECKING

from leyden._late import from_modules

if TYPE_CHECKING:
    from leyden.typed.schemas import CARRIES, FORMAT, Schemas, digest_of
    from leyden.typed.writing import module_text
else:
    # A generated module does not need the code that writes modules.
    __getattr__ = from_modules(
        __name__, schemas="CARRIES FORMAT Schemas digest_of", writing="module_text"
    )

__all__ = ["CARRIES", "FORMAT", "Schemas", "digest_of", "module_text"]
