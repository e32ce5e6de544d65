"""What `help()` and an interactive shell show of the calls whose parameters differ by model."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def describe(method: Callable[P, R], generated: Callable[..., object]) -> Callable[P, R]:
    """Return ``method`` under its public name, with the signature and the parameters that were generated for it."""
    own = inspect.signature(method)
    method.__name__ = generated.__name__
    method.__qualname__ = f"{method.__qualname__.rpartition('.')[0]}.{generated.__name__}"
    if method.__doc__ and generated.__doc__:  # Python has neither under -OO.
        method.__doc__ = f"{inspect.cleandoc(method.__doc__)}\n\n{inspect.cleandoc(generated.__doc__)}"
    signature = inspect.signature(generated).replace(return_annotation=own.return_annotation)
    method.__signature__ = signature  # type: ignore[attr-defined] # any function may have one
    return method
