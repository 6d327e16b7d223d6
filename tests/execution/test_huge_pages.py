"""The memory that kernels are forked with is held in large pages."""

import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

from course.execution.huge_pages import MADV_COLLAPSE, written
from tests.execution.test_sandbox import run

HAS_THEM = Path("/sys/kernel/mm/transparent_hugepage").is_dir() and tuple(
    map(int, re.findall(r"\d+", platform.release())[:2])
) >= (6, 1)
MAPS = """\
55d0a0000000-55d0a4000000 rw-p 00000000 00:00 0                          [heap]
7f0000000000-7f0000400000 rw-p 00000000 00:00 0
7f0000400000-7f0000600000 r--p 00000000 00:00 0
7f0000600000-7f0000800000 rw-s 00000000 00:01 1024                       /dev/zero (deleted)
7f0001000000-7f0001400000 rw-p 00000000 00:00 0                          [anon:pymalloc]
7f0000800000-7f0000900000 rw-p 00100000 fe:00 1234                       /usr/lib/a library.so
7ffe00000000-7ffe00021000 rw-p 00000000 00:00 0                          [stack]
"""

PROGRAM = """
from course.execution import huge_pages

content = b"".join(number.to_bytes(8, "big") for number in range(4_000_000))
huge_pages.MADV_COLLAPSE = {advice}
huge_pages.join_pages()
print(open("/proc/self/smaps_rollup").read())
assert content == b"".join(number.to_bytes(8, "big") for number in range(4_000_000))
"""


def test_only_memory_of_its_own():
    heap, anonymous, named = written(MAPS)
    assert heap == (0x55D0A0000000, 0x55D0A4000000)
    assert anonymous == (0x7F0000000000, 0x7F0000400000)
    assert named == (0x7F0001000000, 0x7F0001400000)


@pytest.mark.skipif(not HAS_THEM, reason="this system has no large pages")
def test_memory_is_held_in_large_pages():
    """With advice that the system does not know, as an older one does not know this: nothing happens."""

    def huge(advice):
        program = PROGRAM.format(advice=advice)
        shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        return int(re.search(r"AnonHugePages: +(\d+) kB", shown)[1])

    assert huge(MADV_COLLAPSE) >= huge(9999) + 2048  # at least one; how many there are, is for the system to say


@pytest.mark.skipif(not HAS_THEM, reason="this system has no large pages")
def test_kernels_are_forked_with_them():
    """In the sandbox there is no /sys that would tell how large they are."""
    shown, _ = run("import re\nprint(re.findall(r'AnonHugePages: +(\\d+)', open('/proc/self/smaps_rollup').read()))",
                   preload=("mlflow", "sklearn"))  # fmt: skip
    assert int(shown[0].strip("[']\n")) > 0
