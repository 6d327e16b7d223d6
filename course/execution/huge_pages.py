"""Hold memory in few large pages, so that a fork has less to copy.

A fork copies the table of pages, and the end of the forked process goes through it again. With 340 MB in pages of 4 kB
both together take 28 ms, with 240 of them in pages of 2 MB 13 ms. What a forked process writes to is still copied in
small pages. See madvise(2), MADV_COLLAPSE, which Linux has since 6.1; before that nothing happens here.
"""

from __future__ import annotations

import ctypes
import resource
from pathlib import Path

MADV_COLLAPSE = 25
OWN = ("[heap]", "[anon")  # and what has no name
PAGE = resource.getpagesize()
SIZE = PAGE * PAGE // 8  # what one page of the table of pages is about, 8 bytes each; a sandbox has no /sys to ask


def join_pages() -> None:
    """Ask Linux to hold all that this process has written in large pages, as far as it can."""
    try:
        maps = Path("/proc/self/maps").read_text()
        advise = ctypes.CDLL(None).madvise
    except (OSError, ValueError, AttributeError):
        return
    for begin, end in written(maps):
        first, last = -(-begin // SIZE) * SIZE, end // SIZE * SIZE
        if first < last:
            advise(ctypes.c_void_p(first), ctypes.c_size_t(last - first), MADV_COLLAPSE)  # or not: all works without


def written(maps: str) -> list[tuple[int, int]]:
    """List where a process's own memory begins and ends, and no file's, from the text of `/proc/…/maps`."""
    found = []
    for line in maps.splitlines():
        place, rights, _, _, _, *name = line.split(maxsplit=5)
        if rights == "rw-p" and (not name or name[0].startswith(OWN)):
            begin, _, end = place.partition("-")
            found.append((int(begin, 16), int(end, 16)))
    return found
