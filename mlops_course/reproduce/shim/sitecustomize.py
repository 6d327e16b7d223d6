"""Give directory listings a defined order, and the clock another date, in every Python process of an execution.

Python loads this file at start-up because its folder is on PYTHONPATH.

File systems promise no order of entries. COURSE_LISTING says "sorted" or "reversed": the order of two entries then
differs for certain between two executions, where a shuffle would let them agree by luck.

COURSE_CLOCK names a moment from which Python's clock goes on (or, with COURSE_CLOCK_TICKS=no, at which it stands
still). The monotonic clock, which time-outs use, is left alone. libfaketime would reach other programs, too, but its
version 0.9.10 breaks `time.sleep` of Python 3.11 and newer (OSError: Invalid argument).
"""

import os
import sys


def ordered(names):
    """Order entries by name."""
    reverse = os.environ.get("COURSE_LISTING") == "reversed"
    return sorted(names, key=lambda entry: getattr(entry, "name", entry), reverse=reverse)


class OrderedScan:
    """What `os.scandir` returns: an iterator that can be closed and used in a `with` statement."""

    def __init__(self, scan):
        """Read all entries and order them."""
        with scan:
            self.entries = iter(ordered(scan))

    def __iter__(self):
        """Be an iterator."""
        return self

    def __next__(self):
        """Give the next entry."""
        return next(self.entries)

    def __enter__(self):
        """Open nothing: it is open."""
        return self

    def __exit__(self, *_):
        """Close."""
        self.close()

    def close(self):
        """Give no more entries."""
        self.entries = iter(())


def replace(name, wrap):
    """Put an ordered function in the place of one of `os`, keeping what `os` says it supports."""
    original = getattr(os, name)

    def function(*arguments, **options):
        return wrap(original(*arguments, **options))

    function.__name__ = function.__qualname__ = name
    for supports in (os.supports_fd, os.supports_follow_symlinks):
        if original in supports:
            supports.add(function)
    setattr(os, name, function)


replace("listdir", ordered)
replace("scandir", OrderedScan)

if os.environ.get("COURSE_CLOCK"):
    try:
        import datetime

        import time_machine
    except ImportError:  # the kernel's environment is another one; the report compares what it can
        pass
    else:
        moment = datetime.datetime.fromisoformat(os.environ["COURSE_CLOCK"]).astimezone()
        ticks = os.environ.get("COURSE_CLOCK_TICKS") != "no"
        time_machine.travel(moment, tick=ticks).start()
        if not ticks:  # measured durations come from the clock, too; waiting does not need these counters
            import time

            for counter in ("perf_counter", "process_time", "thread_time"):
                setattr(time, counter, lambda: 1.0)
                setattr(time, counter + "_ns", lambda: 1_000_000_000)

# A sitecustomize that was there before this one still gets its turn.
_here = os.path.dirname(os.path.abspath(__file__))
_path = [entry for entry in sys.path if os.path.abspath(entry or ".") != _here]
import importlib.machinery  # noqa: E402

_spec = importlib.machinery.PathFinder.find_spec("sitecustomize", _path)
if _spec is not None and _spec.loader is not None:
    _module = type(sys)("sitecustomize")
    _module.__file__ = _spec.origin
    _spec.loader.exec_module(_module)
