"""Let IPython and its kernel look at a cell's text once, where they look again and again before they execute it.

For each cell they search twice for magic and shell commands, compile twice to see whether it awaits something, and go
through it letter by letter to name it: 7 ms for a test of 60 lines, and 1.3 ms here. What compiles holds nothing but
Python, so that one look is enough for all; what does not is looked at as IPython does.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import struct
import warnings
from collections.abc import Callable, Iterator
from typing import Any

NAME = "<>"  # of the file, in warnings, where IPython compiles to see whether a cell awaits something
MULTIPLIER, MASK = 0x5BD1E995, 0xFFFFFFFF  # of MurmurHash2


def look_once() -> None:
    """Change IPython and ipykernel in this process."""
    from ipykernel import compiler
    from IPython.core import interactiveshell
    from IPython.core.inputtransformer2 import TransformerManager

    known = Known()
    transform = TransformerManager.do_token_transforms
    TransformerManager.do_token_transforms = search_less(transform, known, TransformerManager().token_transformers)
    interactiveshell._should_be_async = ask_less(interactiveshell._should_be_async, known)
    if all(murmur2_x86(text, 7) == compiler.murmur2_x86(text, 7) for text in ("", "a", "ab", "äö", "0123456789 ✓")):
        compiler.murmur2_x86 = murmur2_x86


class Known:
    """What was seen in the last text, and what became of it.

    A student's code can put anything into it; nothing of that is to be called with the text of a test.
    """

    __slots__ = ("awaits", "lines", "searched", "text")

    def __init__(self) -> None:
        self.text = self.searched = ""
        self.awaits: bool | None = None
        self.lines: list[str] = []

    def look(self, text: str) -> bool | None:
        """Tell whether the text awaits something outside functions; None where it is not Python, or gives warnings."""
        if type(self.text) is not str or self.text != text:
            self.text, self.awaits = text, awaits(text)
        return self.awaits

    def search(self, text: str, transform: Callable[[], list[str]]) -> list[str]:
        """Return what IPython makes of a text that is not Python."""
        if type(self.searched) is not str or self.searched != text:
            self.lines = transform()
            self.searched = text
        return list(self.lines)


def awaits(text: str) -> bool | None:
    """Compile a text as IPython does to see whether it awaits something; None if it is no Python, or gives warnings."""
    try:
        with silent() as warned:
            code = compile(text, NAME, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    return None if warned else bool(code.co_flags & inspect.CO_COROUTINE)


@contextlib.contextmanager
def silent() -> Iterator[list[str]]:
    """Collect a compiler's warnings and show none: IPython will show each as often as it does."""
    warned, show = [], warnings.showwarning

    def collect(message: Any, category: Any, filename: str, *rest: Any) -> None:
        if filename == NAME:
            warned.append(str(message))
        else:
            show(message, category, filename, *rest)

    warnings.showwarning = collect
    try:
        yield warned
    finally:
        warnings.showwarning = show


def search_less(
    transform: Callable[[Any, list[str]], list[str]], known: Known, genuine: list[type]
) -> Callable[[Any, list[str]], list[str]]:
    """Make IPython's search for magic and shell commands look at no Python, and at each other text once.

    What it finds does not compile, and depends on the text alone as long as nobody has added to what is searched for.
    """

    @functools.wraps(transform)
    def do_token_transforms(self: Any, lines: list[str]) -> list[str]:
        if self.token_transformers != genuine:
            return transform(self, lines)
        text = "".join(lines)
        if known.look(text) is not None:
            return lines
        return known.search(text, lambda: transform(self, lines))

    return do_token_transforms


def ask_less(should_be_async: Callable[[str], bool], known: Known) -> Callable[[str], bool]:
    """Make the question whether a cell awaits something one that is answered already, where it was Python."""

    @functools.wraps(should_be_async)
    def should_be_async_once(cell: str) -> bool:
        answer = known.look(cell)
        return should_be_async(cell) if answer is None else answer

    return should_be_async_once


def murmur2_x86(data: str, seed: int) -> int:
    """Compute MurmurHash2, which ipykernel names cells with, word by word and not letter by letter.

    Parameters
    ----------
    data
        The text.
    seed
        What is to be mixed in, of 32 bits.

    Returns
    -------
    int
        32 bits. The algorithm is Austin Appleby's (https://github.com/aappleby/smhasher), the result ipykernel's.
    """
    encoded = data.encode()
    length = len(encoded)
    whole = length & ~3
    mixed = seed ^ length
    for (word,) in struct.iter_unpack("<I", encoded[:whole]):
        product = word * MULTIPLIER & MASK
        mixed = mixed * MULTIPLIER & MASK ^ (product ^ product >> 24) * MULTIPLIER & MASK
    if whole < length:
        mixed = (mixed ^ int.from_bytes(encoded[whole:], "little")) * MULTIPLIER & MASK
    mixed = (mixed ^ mixed >> 13) * MULTIPLIER & MASK
    return mixed ^ mixed >> 15
