"""Calling the functions that `{call: NAME}` names, so that one that fails says whose it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from leyden.errors import HookError, LeydenError
from leyden.schema.spec import Call, Judge

__all__ = ["hook_of"]


def hook_of(
    hooks: Mapping[str, Callable[..., Any]],
    call: Call | Judge,
    use: str,
    path: str,
    passing: tuple[type[Exception], ...] = (),
) -> Callable[..., Any]:
    """The function of an attribute's `use` (`set`, `default`, ...), its failures as HookError.

    Errors of Leyden's, and those of the types in `passing`, are what the function means to say.
    """
    hook, name = hooks[call.name], call.name
    through: tuple[type[Exception], ...] = (LeydenError, *passing)

    def called(*arguments: Any) -> Any:
        try:
            return hook(*arguments)
        except through:
            raise
        except Exception as error:
            # Its text may quote values, so it stays with the cause.
            raise HookError(
                f'the hook "{name}", which is the `{use}` of "{path}", raised '
                f"{type(error).__name__}",
                hook=name,
                path=path,
            ) from error

    return called
