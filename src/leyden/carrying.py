"""Carrying errors to another process: with their data, as far as pickle takes it.

An error that does not unpickle hangs a `multiprocessing.Pool` for ever. So whatever an error holds
goes along in a pickle of its own, in which each object that cannot be written here, or not be read
there, gives way to a stand-in. A record, for one, needs its schema where it is read.
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
    """Stands where something was that does not pickle; its text is the type's name.

    It takes the place of values of all kinds, of exceptions as well.
    """

    def __setstate__(self, state: object) -> None:
        """Leave out the state of what it stands for."""

    def append(self, value: object) -> None:
        """Leave out an element of what it stands for."""

    def extend(self, values: object) -> None:
        """Leave out elements of what it stands for."""

    def __setitem__(self, key: object, value: object) -> None:
        """Leave out an entry of what it stands for."""


def pack(state: Mapping[str, Any]) -> dict[str, bytes]:
    """Pickle each value by itself."""
    packed = {}
    for name, value in state.items():
        try:
            packed[name] = _dumps(value)
        except Exception:
            # Nested too deeply, or a reducer of its own that gives what pickle does not take.
            packed[name] = _dumps(NotCarriedError(_name_of(type(value))))
    return packed


def unpack(packed: Mapping[str, bytes]) -> dict[str, Any]:
    """The values again, with stand-ins for those that cannot be had here."""
    state: dict[str, Any] = {}
    for name, data in packed.items():
        try:
            state[name] = _Reader(io.BytesIO(data)).load()
        except Exception:
            state[name] = NotCarriedError(name)
    return state


def nearest(kind: type[E]) -> type[Any]:
    """The class itself, or the nearest base that pickle finds by its name."""
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
    """Stands for a class or a function that is not there."""

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
