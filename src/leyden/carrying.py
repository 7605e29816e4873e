"""Takes errors to other processes, with all of their data that pickles.

An error that does not unpickle makes a `multiprocessing.Pool` hang forever. So each value of an
error is pickled separately, and a stand-in replaces each object that cannot be pickled here or
unpickled there. A record, for example, unpickles only in a process that has loaded its schema.
"""

from __future__ import annotations

import io
import pickle
import sys
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any, TypeVar

E = TypeVar("E", bound=BaseException)


class NotCarriedError(Exception):
    """The stand-in for a value that does not pickle. Its text is the name of the value's type.

    It is an exception, because it can replace exceptions as well as other values.
    """

    def __setstate__(self, state: object) -> None:
        """Ignore the state of the replaced value."""

    def append(self, value: object) -> None:
        """Ignore an element of the replaced value."""

    def extend(self, values: object) -> None:
        """Ignore elements of the replaced value."""

    def __setitem__(self, key: object, value: object) -> None:
        """Ignore an entry of the replaced value."""


def pack(state: Mapping[str, Any]) -> dict[str, bytes]:
    """Pickle each value separately."""
    packed = {}
    for name, value in state.items():
        try:
            packed[name] = _dumps(value)
        except Exception:
            # It is nested too deeply, or its own reducer returns what pickle does not accept.
            packed[name] = _dumps(NotCarriedError(_name_of(type(value))))
    return packed


def unpack(packed: Mapping[str, bytes]) -> dict[str, Any]:
    """Unpickle the values, with stand-ins for those that do not unpickle in this process."""
    state: dict[str, Any] = {}
    for name, data in packed.items():
        try:
            state[name] = _Reader(io.BytesIO(data)).load()
        except Exception:
            state[name] = NotCarriedError(name)
    return state


def nearest(kind: type[E]) -> type[Any]:
    """Return the class, or its nearest base that pickle finds by name."""
    return next(one for one in kind.__mro__ if _is_found(one))


def _dumps(value: Any) -> bytes:
    written = io.BytesIO()
    _Writer(written, pickle.HIGHEST_PROTOCOL).dump(value)
    return written.getvalue()


class _Writer(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, type | FunctionType):
            return NotImplemented if _is_found(value) else _stand_in(value)
        try:
            reduced = value.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
        except Exception:
            return _stand_in(type(value))
        if isinstance(reduced, str):
            return reduced
        make, arguments, *rest = reduced
        return (_made, (_name_of(type(value)), make, arguments), *rest)


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return super().find_class(module, name)
        except Exception:
            return _Missing(f"{module}.{name}")


class _Missing:
    """The stand-in for a class or a function that does not exist in this process."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, *_: Any) -> NotCarriedError:
        return NotCarriedError(self._name)


def _made(name: str, make: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    try:
        return make(*arguments)
    except Exception:
        return NotCarriedError(name)


def _stand_in(value: type | FunctionType) -> tuple[Any, ...]:
    return NotCarriedError, (_name_of(value),)


def _name_of(value: type | FunctionType) -> str:
    return f"{value.__module__}.{value.__qualname__}"


def _is_found(value: type | FunctionType) -> bool:
    found: Any = sys.modules.get(value.__module__)
    for name in value.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is value
