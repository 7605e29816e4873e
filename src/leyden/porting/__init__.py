"""Convert models of ElectroDB and PynamoDB into Leyden's schema files.

>>> ported = port_model(json.loads(Path("task.json").read_text()))      # doctest: +SKIP
>>> print(write_yaml(ported))                                           # doctest: +SKIP
>>> for note in ported.notes:                                           # doctest: +SKIP
...     print(note)

`read_models` finds the models in a JSON file, or in a JavaScript module with the help of Node.js.
`port_service` ports several of them for one table. `port_pynamodb` ports PynamoDB classes.
"""

from typing import TYPE_CHECKING

from leyden._late import from_modules
from leyden.porting.context import (
    HookNames,
    ModelError,
    NodeError,
    Note,
    PortedModel,
    PortedService,
)
from leyden.porting.layout import write_table_yaml, write_yaml
from leyden.porting.port import port_model, port_service
from leyden.porting.reading import Found, FoundModel, read_models

if TYPE_CHECKING:
    from leyden.porting.pynamodb_models import port_pynamodb
else:
    # Porting ElectroDB models does not need PynamoDB.
    __getattr__ = from_modules(__name__, pynamodb_models="port_pynamodb")

__all__ = [
    "Found",
    "FoundModel",
    "HookNames",
    "ModelError",
    "NodeError",
    "Note",
    "PortedModel",
    "PortedService",
    "port_model",
    "port_pynamodb",
    "port_service",
    "read_models",
    "write_table_yaml",
    "write_yaml",
]
