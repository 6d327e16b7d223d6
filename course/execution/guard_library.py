"""What the libraries were before the first student's code ran, and which of it is a student's code now.

Runs inside the kernel. Reading every attribute of every library before every test would cost more than the tests do,
and would copy the pages that forked kernels share. CPython counts the changes of a dictionary; that number is read
instead, and only dictionaries that have changed are looked through.
"""

from __future__ import annotations

import array
import builtins
import contextlib
import ctypes
import functools
import gc
import sys
import sysconfig
import types
import warnings
from collections.abc import Callable, Iterable, Iterator
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any, NamedTuple

# What students do to `builtins` later does not reach the functions below.
__builtins__ = dict(vars(builtins))

MISSING = type("Missing", (), {"__repr__": lambda self: "nothing"})()
# IPython and ipykernel set these for the time of a cell.
CHANGED_BY_IPYTHON = {"input", "exit", "quit", "_", "display", "get_ipython", "help", "copyright", "credits", "license"}
# Where a function that takes the place of another one, of another name, is no library's habit.
TOOLS = ("builtins", "unittest", "numpy.testing", "pandas.testing", "pandas._testing", "json", "pathlib", "subprocess")
TOOLS += (
    "os",
    "posixpath",
    "genericpath",
    "io",
    "math",
    "cmath",
    "operator",
    "re",
    "csv",
    "sqlite3",
    "shutil",
    "hashlib",
)
TOOLS += ("inspect", "ast", "itertools", "functools", "copy", "random", "statistics", "decimal", "fractions", "zipfile")
CONSTANTS = ("math", "cmath", "numpy", "string", "scipy.constants")
FUNCTION_PARTS = ("__code__", "__defaults__", "__kwdefaults__")
SPECIAL = (*FUNCTION_PARTS, "__class__", "__bases__")
STANDARD_LIBRARY = str(Path(contextlib.__file__).parent) + "/"

FIRST = 512  # NumPy takes the address 0 for "no memory"; nothing lies in the first 4096 bytes

# Tests start programs with `sys.executable`.
WHAT_PYTHON_IS = frozenset({"executable", "_base_executable", "prefix", "exec_prefix", "base_prefix", "platform"})


class Change(NamedTuple):
    """An attribute that is not what it was.

    Attributes
    ----------
    owner
        Module, class, function or instance.
    name
        Of the attribute.
    genuine, found
        What it was and what it is; `MISSING` if there was or is none.
    """

    owner: Any
    name: str
    genuine: Any
    found: Any

    @property
    def home(self) -> str:
        """Name what it is an attribute of. The name of what a function has closed over begins with the function's."""
        return self.name if type(self.owner) is types.CellType else label(self.owner)

    @property
    def label(self) -> str:
        """Name it as a person would."""
        if type(self.owner) is types.CellType:
            return self.name
        if self.owner is sys.modules:
            return f"the module {self.name}"
        return f"{self.home}.{self.name}" if self.name not in SPECIAL else f"{self.home} ({self.name})"


class Table(NamedTuple):
    """The attributes of a module, a class or an instance as they were."""

    owner: Any
    dictionary: dict[str, Any]
    names: tuple[str, ...]
    values: tuple[Any, ...]


class Closed(NamedTuple):
    """What a function has closed over, one value of it, as it was: what a decorator wraps, for example."""

    owner: types.CellType
    name: str
    value: Any


def label(thing: Any) -> str:
    """Name a module, class or function by its path, an instance by its class."""
    if isinstance(thing, types.ModuleType):
        return str(thing.__dict__.get("__name__", "a module"))
    if isinstance(thing, type):
        return f"{type.__getattribute__(thing, '__module__')}.{type.__getattribute__(thing, '__qualname__')}"
    if isinstance(thing, types.FunctionType):
        return f"{thing.__module__}.{thing.__qualname__}"
    return f"an instance of {label(type(thing))}"


def attributes(thing: Any) -> dict[str, Any]:
    """Return the dictionary that holds a thing's own attributes, not a view or a copy of it."""
    if isinstance(thing, type):
        view = type.__dict__["__dict__"].__get__(thing)
        return gc.get_referents(view)[0]
    try:
        return object.__getattribute__(thing, "__dict__")
    except AttributeError:  # `sys.modules` can hold anything, a compiled library's table for example
        return {}


def version(dictionary: dict[str, Any]) -> ctypes.c_uint64:
    """Give access to the number that CPython changes whenever it changes a dictionary."""
    return ctypes.c_uint64.from_address(id(dictionary) + 24)


def content(cell: types.CellType) -> ctypes.c_uint64:
    """Give access to the address of what a cell of a closure holds."""
    return ctypes.c_uint64.from_address(id(cell) + 16)


@functools.cache
def contents_work() -> bool:
    """Tell whether this Python keeps it where we look."""
    if sys.implementation.name != "cpython" or ctypes.sizeof(ctypes.c_void_p) != 8:
        return False
    values = [object(), object()]
    cell = types.CellType(values[0])
    seen = [content(cell).value]
    cell.cell_contents = values[1]
    return [*seen, content(cell).value] == [id(value) for value in values]


@functools.cache
def versions_work() -> bool:
    """Tell whether this Python counts the changes of modules' and classes' dictionaries where we look."""
    if sys.implementation.name != "cpython" or ctypes.sizeof(ctypes.c_void_p) != 8:
        return False

    class Owner:
        value = 0

    module = types.ModuleType("probe")
    module.value = 0
    for owner in (module, Owner):
        number = version(attributes(owner))
        seen = {number.value}
        for value in range(1, 40):  # often enough for the interpreter to specialise the instruction
            owner.value = value
            seen.add(number.value)
        unchanged = number.value
        owner.value  # noqa: B018 (reading must not count)
        if len(seen) != 40 or number.value != unchanged:
            return False
    return True


def library_folders() -> tuple[str, ...]:
    """List the folders whose code students cannot have written."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    folders = {sysconfig.get_path(name) for name in names} | {str(Path(__file__).resolve().parent.parent)}
    folders |= {STANDARD_LIBRARY, str(Path(ctypes.__file__).resolve().parent)}
    folders |= {path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")}
    return tuple(sorted(folder.rstrip("/") + "/" for folder in folders))


def nested(code: types.CodeType) -> Iterator[types.CodeType]:
    """Yield a code object and all that are inside."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from nested(constant)


@contextlib.contextmanager
def no_warnings() -> Iterator[None]:
    """Keep quiet what compiling says, without touching the filters.

    A change of the filters would make Python repeat warnings that it has given once, and nbgrader gives no points for
    a cell with a warning.
    """
    show = warnings._showwarnmsg
    warnings._showwarnmsg = lambda message: None
    try:
        yield
    finally:
        warnings._showwarnmsg = show


class Library:
    """The libraries as they were when this was made.

    Parameters
    ----------
    folders
        Further folders whose code is trusted.
    read
        Modules, by name, whose files are read now if they are loaded: functions inside of functions are found in no
        other way.
    """

    def __init__(self, folders: Iterable[str] = (), read: Iterable[str] = ()) -> None:
        self.folders = library_folders() + tuple(folder.rstrip("/") + "/" for folder in folders)
        self.sources: dict[str, frozenset[types.CodeType]] = {}
        self.trusted: set[types.CodeType] = set()
        self.modules: dict[str, types.ModuleType] = {}
        self.tables: list[Table | Closed] = []
        self.numbers: list[ctypes.c_uint64] = []
        self.seen = array.array("Q")
        self.uncounted: list[Table | Closed] = []
        self.owners: dict[int, int] = {}
        self.codes: dict[int, types.CodeType] = {}
        self.parts: dict[tuple[int, str], Change] = {}
        # Of these there is no original to put back.
        self.found_in_new: list[Change] = []
        self.is_counting = versions_work()
        self.reader = Reader()
        self.in_order = 0  # the number of `sys.modules` when no module was in the place of another
        for module in filter(None, map(sys.modules.get, read)):
            self.read_source(module.__file__)
        self.learn({name: module for name, module in sys.modules.items() if name != "__main__"})
        self.changed()  # what this prepares, forked kernels inherit

    # ------------------------------------------------------------ Learning

    def learn(self, modules: dict[str, Any]) -> None:
        """Take modules as they are for genuine."""
        for name, module in list(modules.items()):
            if not isinstance(module, types.ModuleType) or name in self.modules:
                continue
            self.modules[name] = module
            self.add(module)
            for value in list(attributes(module).values()):
                self.learn_value(value)

    def learn_value(self, value: Any) -> None:
        """Take a class, a function or an instance in a module for genuine."""
        kind = type(value)
        if kind is types.FunctionType:
            self.learn_function(value)
        elif isinstance(value, type):
            if id(value) not in self.owners:
                self.add(value)
                for member in attributes(value).values():
                    function = (
                        getattr(member, "__func__", member) if type(member) in (staticmethod, classmethod) else member
                    )
                    if type(function) is types.FunctionType:
                        self.learn_function(function)
        elif kind.__flags__ & (1 << 9) and not isinstance(value, types.ModuleType) and id(value) not in self.owners:
            with contextlib.suppress(Exception):  # classes with slots have no dictionary
                if attributes(value):
                    self.add(value)

    def learn_function(self, function: types.FunctionType) -> None:
        """Take a function, what it has closed over, and what that has, for genuine."""
        self.codes[id(function.__code__)] = function.__code__
        waiting = [function]
        while waiting:
            one = waiting.pop()
            for name, cell in zip(one.__code__.co_freevars, one.__closure__ or (), strict=True):
                if id(cell) in self.owners:
                    continue
                try:
                    value = cell.cell_contents
                except ValueError:  # there is nothing in it
                    continue
                self.add_closed(Closed(cell, f"{label(one)} ({name})", value))
                if type(value) is types.FunctionType:
                    waiting.append(value)

    def add_closed(self, closed: Closed) -> None:
        """Remember what a function has closed over."""
        self.owners[id(closed.owner)] = len(self.owners)
        if contents_work():
            self.tables.append(closed)
            self.numbers.append(content(closed.owner))
            self.seen.append(self.numbers[-1].value)
        else:
            self.uncounted.append(closed)

    def add(self, owner: Any) -> None:
        """Remember the attributes of one owner."""
        dictionary = attributes(owner)
        table = Table(owner, dictionary, tuple(dictionary), tuple(dictionary.values()))
        self.owners[id(owner)] = len(self.owners)
        # An instance keeps its attributes in itself, from Python 3.13 on also beside a dictionary.
        if self.is_counting and (isinstance(owner, (type, types.ModuleType)) or sys.version_info < (3, 13)):
            number = version(dictionary)
            self.tables.append(table)
            self.numbers.append(number)
            self.seen.append(number.value)
        else:
            self.uncounted.append(table)

    def trust(self, codes: Iterable[types.CodeType]) -> None:
        """Take code of the instructor's own cells for genuine."""
        self.trusted.update(codes)

    # ------------------------------------------------------------ Whose code it is

    def has_code(self, code: types.CodeType) -> bool:
        """Tell whether code is the library's or the instructor's; a file name alone proves nothing."""
        if self.codes.get(id(code)) is code or code in self.trusted:
            return True
        path = code.co_filename
        if path.startswith("<frozen "):
            path = f"{STANDARD_LIBRARY}{path[8:-1].replace('.', '/')}.py"
        if not path.startswith(self.folders):
            return False
        if code in self.read_source(path):
            self.codes[id(code)] = code
            return True
        return False

    def read_source(self, path: str) -> frozenset[types.CodeType]:
        """Return all code in a library's file, which is compiled once."""
        if path not in self.sources:
            self.sources[path] = self.compiled(path)
        return self.sources[path]

    @staticmethod
    def compiled(path: str) -> frozenset[types.CodeType]:
        """Compile a library's file and return all code in it."""
        for name in (path, path.removesuffix(".py") + "/__init__.py"):
            # `open`, because a student's code may have changed `pathlib`.
            with contextlib.suppress(Exception), no_warnings(), open(name, "rb") as file:
                return frozenset(nested(compile(file.read(), name, "exec", dont_inherit=True)))
        return frozenset()

    def is_foreign(self, value: Any, depth: int = 0) -> bool:
        """Tell whether a value is, or wraps, code of a student."""
        kind = type(value)
        if depth > 4 or id(value) in self.owners:
            return False
        if kind is types.FunctionType:
            return not self.has_code(value.__code__)
        if kind in (types.BuiltinFunctionType, types.WrapperDescriptorType, types.MethodDescriptorType, types.CodeType):
            return False
        inner: list[Any] = []
        if kind in (types.MethodType, staticmethod, classmethod):
            inner = [value.__func__, getattr(value, "__self__", None)]
        elif kind is property:
            inner = [value.fget, value.fset]
        elif kind in (functools.partial, functools.partialmethod):
            inner = [value.func, *value.args]
        elif kind is functools.cached_property:
            inner = [value.func]
        elif kind is functools._lru_cache_wrapper:
            inner = [value.__wrapped__]
        elif kind is types.SimpleNamespace:
            inner = list(vars(value).values())
        elif isinstance(value, types.ModuleType):
            return self.is_foreign_module(value)
        elif isinstance(value, type):
            return self.is_foreign_class(value)
        elif kind.__flags__ & (1 << 9):  # an instance of a class that is written in Python
            return self.is_foreign_class(kind) or "mock" in label(kind).split(".")
        return any(self.is_foreign(one, depth + 1) for one in inner if one is not None)

    def is_foreign_class(self, kind: type) -> bool:
        """Tell whether a class is a student's."""
        if id(kind) in self.owners or not kind.__flags__ & (1 << 9):
            return False
        functions = [getattr(member, "__func__", member) for member in attributes(kind).values()]
        functions = [function for function in functions if type(function) is types.FunctionType]
        strange = [function for function in functions if not self.has_code(function.__code__)]
        if any(not is_generated(function) for function in strange):
            return True
        if len(strange) < len(functions):
            return False
        module = type.__getattribute__(kind, "__module__")
        return not isinstance(module, str) or module == "__main__" or self.spec_of(module) is None

    def is_foreign_module(self, module: types.ModuleType) -> bool:
        """Tell whether a module is not what a library's file, or Python itself, made."""
        name = attributes(module).get("__name__")
        if any(module is known for known in (self.modules.get(name),)):
            return False
        origin = getattr(attributes(module).get("__spec__"), "origin", None)
        return not (isinstance(origin, str) and (origin in ("built-in", "frozen") or origin.startswith(self.folders)))

    @functools.cache  # noqa: B019 (one library lives as long as its kernel)
    def spec_of(self, name: str) -> Any:
        """Find a module in the libraries' folders, wherever a student has put one of the same name."""
        root = str(name).partition(".")[0]
        if root in sys.builtin_module_names:
            return root
        with contextlib.suppress(Exception):
            return PathFinder.find_spec(root, [folder.rstrip("/") for folder in self.folders])
        return None

    # ------------------------------------------------------------ Changes

    def changes(self) -> list[Change]:
        """List what students' code has replaced in the libraries."""
        self.learn_new_modules()
        found = [change for table in self.uncounted for change in self.compare(table)]
        for position, now in self.changed():
            replaced = list(self.compare(self.tables[position]))
            found += replaced
            if not replaced:
                self.seen[position] = now
        found += [change for change in self.parts.values() if self.current_part(change) is change.found]
        found += self.impostors()
        return found

    def changed(self) -> list[tuple[int, int]]:
        """List the positions of the tables that have changed since they were found in order, and their numbers now."""
        if self.reader.reaches(self.numbers):
            return self.reader.different(self.seen)
        current = [number.value for number in self.numbers]
        both = enumerate(zip(current, self.seen, strict=True))
        return [(position, now) for position, (now, before) in both if now != before]

    def compare(self, table: Table | Closed) -> Iterator[Change]:
        """Yield the attributes of one owner that a student has replaced, added or removed."""
        if isinstance(table, Closed):
            yield from self.compare_closed(table)
            return
        now = table.dictionary
        owner = table.owner
        for name, genuine in zip(table.names, table.values, strict=True):
            value = now.get(name, MISSING)
            if value is not genuine and self.is_replaced(owner, name, genuine, value):
                yield Change(owner, name, genuine, value)
        known = set(table.names)
        if len(now) != len(known) or len(now.keys() - known):
            for name in [name for name in now if name not in known]:
                if self.hides(owner, name, now[name]):
                    yield Change(owner, name, MISSING, now[name])

    def compare_closed(self, closed: Closed) -> Iterator[Change]:
        """Yield what a student has put where a function has closed over something; a library may do that, too."""
        try:
            value = closed.owner.cell_contents
        except ValueError:
            value = MISSING
        if value is closed.value:
            return
        was_function = type(closed.value) is types.FunctionType and type(value) is not types.FunctionType
        if was_function or self.is_foreign(value):
            yield Change(closed.owner, closed.name, closed.value, value)

    def is_replaced(self, owner: Any, name: str, genuine: Any, value: Any) -> bool:
        """Tell whether a changed attribute is a student's doing that a test could notice."""
        home = label(owner)
        if owner is builtins:
            return name in ("__import__", "__build_class__") or (name not in CHANGED_BY_IPYTHON and name[0] != "_")
        if value is MISSING:
            return isinstance(owner, type) and name.startswith("__") and callable(genuine)
        if owner is sys and name in WHAT_PYTHON_IS:
            return value != genuine
        if owner is sys and not isinstance(genuine, types.BuiltinFunctionType):
            return False  # streams and hooks are there to be replaced
        if home in ("warnings", "logging") and not self.is_foreign(genuine):
            return False  # `catch_warnings` and `captureWarnings` replace functions there
        if type(genuine) in (int, float, complex, str):
            return (
                home in CONSTANTS and name[:1] != "_" and type(value) in (int, float, complex, str) and value != genuine
            )
        if not (callable(genuine) or isinstance(genuine, (property, staticmethod, classmethod, types.ModuleType))):
            return False
        if self.is_foreign(value):
            return True
        return (
            home.startswith(TOOLS) and isinstance(owner, (type, types.ModuleType)) and is_renamed(name, genuine, value)
        )

    def hides(self, owner: Any, name: str, value: Any) -> bool:
        """Tell whether a new attribute takes the place of an inherited one."""
        inherited: Any = MISSING
        if isinstance(owner, types.ModuleType):
            hidden = name in __builtins__ or name in ("__getattr__", "__class__")
            inherited = __builtins__.get(name, MISSING)
        else:
            kinds = owner.__mro__[1:] if isinstance(owner, type) else type(owner).__mro__
            inherited = next((attributes(kind)[name] for kind in kinds if name in attributes(kind)), MISSING)
            hidden = inherited is not MISSING or (isinstance(owner, type) and name[:2] == name[-2:] == "__")
        if not hidden or owner is builtins:
            return False
        if self.is_foreign(value):
            return True
        in_tools = isinstance(owner, types.ModuleType) or label(owner).startswith(TOOLS)
        return inherited is not MISSING and in_tools and is_renamed(name, inherited, value)

    def note_part(self, owner: Any, name: str, value: Any) -> None:
        """Remember that a part of a library's function or class is about to be replaced."""
        if name not in SPECIAL or not self.is_known(owner):
            return
        genuine = getattr(owner, name, MISSING) if name != "__class__" else type(owner)
        first = self.parts.get((id(owner), name))
        self.parts[id(owner), name] = Change(owner, name, first.genuine if first else genuine, value)

    def is_known(self, owner: Any) -> bool:
        """Tell whether something belongs to a library."""
        if isinstance(owner, types.FunctionType):
            return self.has_code(owner.__code__) or (id(owner), "__code__") in self.parts
        return id(owner) in self.owners

    @staticmethod
    def current_part(change: Change) -> Any:
        """Return what a part is now."""
        if change.name == "__class__":
            return type(change.owner)
        return getattr(change.owner, change.name, MISSING)

    def learn_new_modules(self) -> None:
        """Take in what was imported since; a student's code in it is remembered, there is no original of it."""
        if len(sys.modules) == getattr(self, "module_count", None):
            return
        self.module_count = len(sys.modules)
        new = {
            name: module
            for name, module in list(sys.modules.items())
            if name not in self.modules
            and name != "__main__"
            and isinstance(module, types.ModuleType)
            and not self.is_foreign_module(module)
        }
        own = (*self.folders, "<")
        for module in new.values():
            for owner, name, value in members(module):
                if type(value) is types.FunctionType and not value.__code__.co_filename.startswith(own):
                    self.found_in_new.append(Change(owner, name, MISSING, value))
        self.learn(new)

    def impostors(self) -> list[Change]:
        """List modules that have taken the name of a library's module."""
        found = []
        loaded = sys.modules
        number = version(loaded).value if self.is_counting and type(loaded) is dict else 0
        if number and number == self.in_order:
            return found
        for name, genuine in [one for one in self.modules.items() if loaded.get(one[0]) is not one[1]]:
            value = loaded.get(name, MISSING)
            if value is not MISSING and self.is_foreign(value):
                found.append(Change(sys.modules, name, genuine, value))
        self.in_order = 0 if found else number
        return found


class Reader:
    """A quick way to ask which of many numbers in memory are not as expected; it takes NumPy.

    There are tens of thousands, and one of them at a time takes longer than most tests. NumPy's compiled code reads
    them from one array that spans the whole of memory; what students do to NumPy's modules does not reach its methods.
    """

    def __init__(self) -> None:
        self.take: Callable[[Any], Any] | None = None
        self.places: Any = None
        self.failed = False

    def reaches(self, numbers: list[ctypes.c_uint64]) -> bool:
        """Take in the numbers that are new since the last call; tell whether all can be read."""
        known = 0 if self.places is None else len(self.places)
        if known == len(numbers) or self.failed:
            return not self.failed and known > 0
        try:
            if self.take is None:
                self.find_memory()
            new = numbers[known:]
            places = self.make([(ctypes.addressof(number) >> 3) - FIRST for number in new], dtype="i8")
            if self.take(places).tolist() != [number.value for number in new]:
                return False  # another layout of memory, or a thread is at work
            self.places = places if self.places is None else self.join((self.places, places))
        except Exception:  # no NumPy, another build of it, another size of memory
            self.failed = sys.modules.get("numpy") is not None
            return False
        return True

    def find_memory(self) -> None:
        """Lay an array over the whole of memory."""
        numpy = sys.modules["numpy"]
        words = (ctypes.c_uint64 * ((1 << 44) - FIRST)).from_address(8 * FIRST)  # 47 bits: all a process can have
        self.make, self.join = numpy.array, numpy.concatenate
        self.take = numpy.frombuffer(words, dtype="u8").take

    def different(self, expected: Any) -> list[tuple[int, int]]:
        """List the positions that differ from the expected, and what stands there."""
        now = self.take(self.places)
        positions = (now != expected).nonzero()[0].tolist()
        return [(position, int(now[position])) for position in positions]


def members(module: types.ModuleType) -> Iterator[tuple[Any, str, Any]]:
    """Yield what a module, and the classes that it defines, consist of: owner, name and value."""
    for name, value in list(attributes(module).items()):
        yield module, name, value
        if isinstance(value, type) and type.__getattribute__(value, "__module__") == module.__name__:
            for inner, member in list(attributes(value).items()):
                yield value, inner, getattr(member, "__func__", member)


def is_generated(function: types.FunctionType) -> bool:
    """Tell whether a library wrote this function at run time, as `dataclasses` and `attrs` do."""
    path = function.__code__.co_filename
    return (
        path.startswith("<") and not path.startswith("<ipython") and function.__globals__.get("__name__") != "__main__"
    )


def is_renamed(name: str, genuine: Any, value: Any) -> bool:
    """Tell whether a function stands where one of another name belongs."""
    if not callable(value):
        return False
    called = getattr(value, "__name__", None)
    return called not in (name, getattr(genuine, "__name__", name))


def put(owner: Any, name: str, value: Any) -> None:
    """Set or remove an attribute, past whatever the owner's class does about that."""
    if owner is sys.modules:
        sys.modules[name] = value
    elif type(owner) is types.CellType:
        if value is MISSING:
            del owner.cell_contents
        else:
            owner.cell_contents = value
    elif name in SPECIAL:
        setattr(owner, name, value)
    elif isinstance(owner, type):
        if value is MISSING:
            type.__delattr__(owner, name)
        else:
            type.__setattr__(owner, name, value)
    elif value is MISSING:
        attributes(owner).pop(name, None)
    else:
        attributes(owner)[name] = value
