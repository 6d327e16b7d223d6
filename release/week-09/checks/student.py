"""What a test needs done where your code runs.

When your work is graded, tests run in a process of their own, and your functions in another. Under *Validate* there is
one process for both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def on_students_side(function: Callable[..., Any], /, *arguments: Any, **keywords: Any) -> Any:
    """Call a function in the process in which the student's code runs, and return what it returns.

    The function belongs to a module, such as those of this package. Arguments and result are plain values: numbers,
    text, lists, dictionaries, tables. A function of the student's may be an argument.
    """
    try:
        import student_kernel
    except ImportError:  # one process for both
        return function(*arguments, **keywords)
    return student_kernel.call(function, *arguments, **keywords)
