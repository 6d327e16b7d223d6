"""What modules of the assignment's import as `student_kernel` where tests run: the way to the student's kernel.

A test may need something done in the process that runs the student's code: its random generator seeded, its working
directory changed. It names a function of a module that both kernels have, and the student's kernel imports and calls
that. A student may have replaced the function there: what comes back is data, as from any call.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import Any

from mlops_course.execution.boundary.proxies import Library

NAME = "student_kernel"


def offer(ask: Callable[..., Any]) -> None:
    """Make the module importable in this process.

    Parameters
    ----------
    ask
        Has something done in the student's kernel: `ask("call", function, *arguments, **keywords)`.
    """

    def call(function: Callable[..., Any], /, *arguments: Any, **keywords: Any) -> Any:
        """Have the student's kernel import a function by its module and name, and call it."""
        module, name = function.__module__, function.__qualname__
        if module == "__main__" or "<" in name:
            raise TypeError(f"{name} is not at the top of a module, so the student's kernel cannot import it")
        return ask("call", Library(module, name), *arguments, **keywords)

    module = types.ModuleType(NAME, __doc__)
    module.call = call
    sys.modules[NAME] = module
