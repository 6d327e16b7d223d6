"""Call `fit` of a module under conditions that should not matter, in a process of its own.

    python under_conditions.py FOLDER repaired

Each line on standard input asks for one call, for example
{"path": "seasons", "seed": 1, "load": "fresh", "files": "a-z", "chance": 1}

load    "fresh": the module is loaded anew before the call, from a new copy of the folder's Python files;
        "again": it stays as the last call left it
files   "a-z" or "z-a": the order in which this process lists the files of a folder
chance  decides what is random without a seed: the shared generators, the system's random bits, the clock

The last line on standard output holds the answers. The hash seed is set from outside, with PYTHONHASHSEED.
"""

import os
import sys

listing = {"descending": False}
original_listdir, original_scandir = os.listdir, os.scandir


def listdir(*arguments, **options):
    """List a folder in the order that is asked for."""
    return sorted(original_listdir(*arguments, **options), reverse=listing["descending"])


class SortedScan:
    """What `os.scandir` returns, in the order that is asked for."""

    def __init__(self, *arguments, **options):
        with original_scandir(*arguments, **options) as entries:
            in_order = sorted(entries, key=lambda entry: entry.name, reverse=listing["descending"])
        self.entries = iter(in_order)

    def __iter__(self):
        """Return the iterator, which is this object."""
        return self

    def __next__(self):
        """Return the next entry."""
        return next(self.entries)

    def __enter__(self):
        """Serve in a `with` statement."""
        return self

    def __exit__(self, *problem):
        """Leave the `with` statement."""
        self.close()

    def close(self):
        """Forget what is left."""
        self.entries = iter(())


os.listdir, os.scandir = listdir, SortedScan

import glob  # noqa: E402 (what follows must see the two functions above)
import importlib  # noqa: E402
import itertools  # noqa: E402
import json  # noqa: E402
import math  # noqa: E402
import random  # noqa: E402
import shutil  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402

for thing in vars(glob).values():
    if isinstance(thing, type) and getattr(thing, "scandir", None) is original_scandir:
        thing.scandir = staticmethod(SortedScan)  # Python 3.13 keeps its own reference

original_seed = random.Random.seed


def set_chance(chance):
    """Decide everything that is random when nobody gives a seed."""
    source = random.Random(chance)  # noqa: S311
    original_seed(source, chance)
    bits = source.getrandbits
    ticks = itertools.count(1_800_000_000_000 + 86_400_123 * chance)
    os.urandom = random._urandom = lambda size: bits(8 * size).to_bytes(size, "big")
    time.time = lambda: next(ticks) / 1000
    time.time_ns = lambda: next(ticks) * 1_000_000

    def seed(generator, a=None, version=2):
        original_seed(generator, bits(64) if a is None else a, version)

    random.Random.seed = seed
    random.seed(chance)
    np.random.seed(chance)


def load(folder, name, copy):
    """Import the module anew from the new folder `copy`, which gets the Python files of `folder` and nothing else."""
    copy.mkdir()
    for file in folder.glob("*.py"):
        shutil.copy(file, copy)
    os.chdir(copy)
    if not (copy / f"{name}.py").is_file():
        sys.exit(f"There is no {name}.py in the folder {folder}. Does your cell begin with %%writefile {name}.py?")
    for known, module in list(sys.modules.items()):
        if (folder / f"{known}.py").is_file() and getattr(module, "__file__", None):
            del sys.modules[known]
    sys.path[0] = str(copy)
    importlib.invalidate_caches()
    return importlib.import_module(name)


def checked(name, answer):
    """Return accuracy and loss as plain numbers; end with a message if there is no loss."""
    if not isinstance(answer, dict):
        sys.exit(f"fit in {name}.py returned {type(answer).__name__}: expected a dict with accuracy and loss.")
    if "loss" not in answer:
        sys.exit(f"fit in {name}.py returned a dict with the keys {list(answer)}: expected accuracy and loss.")
    numbers = {}
    for key in ("accuracy", "loss"):
        value = answer.get(key)
        try:
            numbers[key] = float("nan") if isinstance(value, str) else float(value)
        except (TypeError, ValueError):
            numbers[key] = float("nan")
    if not math.isfinite(numbers["loss"]):
        sys.exit(f"fit in {name}.py returned the loss {answer['loss']!r}: expected a finite number.")
    return numbers


def main(scratch):
    """Answer the requests of standard input, one after the other."""
    folder, name = Path(sys.argv[1]).resolve(), sys.argv[2]
    module, answers = None, []
    for number, line in enumerate(sys.stdin.read().splitlines()):
        request = json.loads(line)
        listing["descending"] = request["files"] == "z-a"
        if request["load"] == "fresh" or module is None:
            set_chance(0)
            module = load(folder, name, scratch / str(number))
        if not callable(getattr(module, "fit", None)):
            sys.exit(f"{name}.py has no function fit: expected fit(path, seed).")
        set_chance(request["chance"])
        answers.append(checked(name, module.fit(request["path"], request["seed"])))
    print("\nANSWERS " + json.dumps(answers), flush=True)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    home = os.getcwd()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        try:
            main(Path(temporary))
        finally:
            os.chdir(home)  # some systems don't delete the folder one is in
