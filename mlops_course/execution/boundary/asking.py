"""The test kernel's side: names, proxies and call-backs. No line of a student's code is ever executed here."""

from __future__ import annotations

import builtins
import collections.abc
import inspect
import json
import os
import signal
import socket
import sys
import types
from pathlib import Path
from typing import Any

from mlops_course.execution.boundary import programs, wire
from mlops_course.execution.boundary.answering import SPECIAL
from mlops_course.execution.boundary.bases import MUTABLE, Over, over
from mlops_course.execution.boundary.proxies import METHODS, Library, Proxy, hash_of
from mlops_course.execution.boundary.values import CrossingError, Reader, Table, Writer

MOST_CROSSINGS = 10_000


class StudentError(Exception):
    """An error of the student's code, of a class that the tests do not know."""


class StudentGoneError(StudentError):
    """The student's kernel has ended."""


class Link:
    """The test kernel's end.

    Parameters
    ----------
    shell
        IPython's shell of this kernel.
    connection
        Leads to the keeper of the student's processes.
    """

    def __init__(self, shell: Any, connection: socket.socket) -> None:
        self.shell, self.connection = shell, connection
        self.asked = self.crossings = 0
        self.proxies: dict[int, Any] = {}
        self.values: dict[int, Over] = {}
        self.kinds: dict[tuple[tuple[str, ...], type], type] = {}
        self.backs: list[Any] = []
        self.back_numbers: dict[int, int] = {}
        self.names: dict[str, str] = {}
        self.wanted: set[str] = set()
        self.declared: set[str] = set()
        self.errors: set[str] = set()
        self.folder = os.getcwd()  # the notebook's
        self.lost: set[str] = set()
        self.imported: set[str] = set()
        self.environment: dict[str, str] = {}
        self.open = False

    # ---------------------------------------------------------------- before a test

    def begin(self, order: dict[str, Any]) -> dict[str, Any]:
        """Make ready for a cell: its directory, its names.

        Parameters
        ----------
        order
            "folder", or None for the notebook's; "names" that are the student's; "imports", statements of the
            instructor's by the name they bind; "declared", the classes that the assignment asks for; "errors", words
            of the cell: an error of the student's belongs to a class of a library's only if it is one of them.
        """
        self.open, self.crossings = True, 0
        self.declared, self.errors = set(order["declared"]), set(order["errors"])
        os.chdir(order["folder"] or self.folder)
        self.environment = dict(os.environ)
        names = self.shell.user_ns
        wanted = list(order["names"])
        for name, statement in order["imports"].items():
            if name not in self.imported:
                try:
                    exec(statement, names)  # noqa: S102 (an import statement of the instructor's)
                    self.imported.add(name)
                except ImportError:  # a module that the notebook itself writes
                    wanted.append(name)
        self.names, self.lost, self.wanted = {}, set(), set(wanted)
        for name in wanted:
            names.pop(name, None)
        classes = [name for name, value in names.items() if isinstance(value, type) and value.__module__ == "__main__"]
        answer = self.exchange({"do": "names", "names": wanted, "classes": classes})
        self.take_names(answer["names"])
        return {}

    def end(self) -> None:
        """Ask nothing any more."""
        self.open = False

    def take_names(self, found: dict[str, Any]) -> None:
        """Bind the student's names: those that were asked for, whatever others the answer has."""
        names = self.shell.user_ns
        for name in self.wanted & found.keys():
            text = found[name]
            if text is None:
                names.pop(name, None)
                self.names.pop(name, None)
                continue
            reader = self.reader()
            old = names.get(name)
            tag = text[0][0] if isinstance(text[0], list) and text[0] else None
            if name in self.names and tag in ("list", "dict", "set") and type(old).__name__ == tag:
                reader.table.add(old)
                reader.read_container(tag, text[0][1:], 0, old)
            else:
                names[name] = reader.read(text[0])
            self.names[name] = self.as_told(names[name])

    def as_told(self, value: Any) -> str:
        """Write what a name means, to see later whether the test has changed it."""
        try:
            return json.dumps(self.writer().write(value))
        except CrossingError:
            return f"stays here: {id(value)}"

    def changes(self) -> dict[str, Any]:
        """Find what the test has done to the student's names."""
        names, given, deleted = self.shell.user_ns, {}, []
        for name, told in list(self.names.items()):
            if name not in names:
                deleted.append(name)
                del self.names[name]
            elif (now := self.as_told(names[name])) != told:
                self.names[name] = now
                given[name] = self.writer().write(names[name])
        for name in self.lost & names.keys():
            given[name] = self.writer().write(names[name])
            self.names[name] = json.dumps(given[name])
        self.lost = (self.lost - names.keys()) | set(deleted)
        return {"set": given, "delete": deleted}

    # ---------------------------------------------------------------- asking

    def ask(self, do: str, target: Any, *arguments: Any, **keywords: Any) -> Any:
        """Have something done with an object of the student's kernel."""
        if not self.open:
            raise StudentError("a test of another cell asks for this")
        self.crossings += 1
        if self.crossings > MOST_CROSSINGS:
            raise StudentError(f"more than {MOST_CROSSINGS} calls from one test: tag the cell `together`")
        table = Table()
        text = self.writer(table).write((target, arguments, keywords))
        changed = {name: os.environ.get(name) for name in {*os.environ, *self.environment}
                   if os.environ.get(name) != self.environment.get(name)}  # fmt: skip
        message = {"do": do, "call": text, "folder": os.getcwd(), "environment": changed}
        answer = self.exchange(message | self.changes(), table)
        for channel, printed in answer.get("printed", []):
            (sys.stderr if channel == "stderr" else sys.stdout).write(str(printed))
        self.follow(answer.get("folder"))
        reader = self.reader(table)
        value = reader.read(answer["value"]) if "value" in answer else None
        for number, content in answer.get("changed", []):
            reader.read_container(content[0], content[1:], 0, table.objects[number])
        self.take_names(answer.get("names", {}))
        if "raised" in answer:
            raise self.error(*answer["raised"])
        return value

    def follow(self, folder: Any) -> None:
        """Go where a call has gone, within what both kernels share."""
        if isinstance(folder, str):
            place = Path(folder).resolve()
            shared = [Path.home().resolve(), Path("/tmp").resolve()]
            if any(place.is_relative_to(one) for one in shared) and place.is_dir():
                os.chdir(place)

    def exchange(self, message: dict[str, Any], table: Table | None = None) -> dict[str, Any]:
        """Send a call, answer the call-backs that come meanwhile, and return what comes of it."""
        self.asked += 1
        number = self.asked
        try:
            wire.send(self.connection, wire.CALL, message | {"id": number})
            while True:
                kind, answer = wire.receive(self.connection)
                if not isinstance(answer, dict):
                    raise CrossingError("this is no answer")
                if kind == wire.BACK:
                    wire.send(self.connection, wire.RETURN, self.called_back(answer))
                elif kind == wire.ANSWER and answer.get("id") == number:
                    return answer
        except (wire.WireError, BrokenPipeError, ConnectionResetError):
            raise StudentGoneError("the student's kernel has ended") from None
        except KeyError as problem:
            raise CrossingError(f"the answer has no {problem}") from None

    def called_back(self, message: dict[str, Any]) -> dict[str, Any]:
        """Call a function of the test's for the student's code."""
        self.crossings += 1
        if self.crossings > MOST_CROSSINGS:
            raise StudentError(f"more than {MOST_CROSSINGS} calls from one test: tag the cell `together`")
        table = Table()
        arguments, keywords = self.reader(table).read(message["call"])
        function = self.backs[message["number"]]
        before = [self.writer(table).content(one, known=True) for one in table.objects]
        count = len(before)
        try:
            if isinstance(function, collections.abc.Iterator):
                value = next(function, self)
                value = (False, None) if value is self else (True, value)
            else:
                value = function(*arguments, **keywords)
        except Exception as problem:
            return {"raised": [type(problem).__name__, str(problem)]}
        writer = self.writer(table)
        answer = {"value": writer.write(value)}
        after = [self.writer(table).content(one, known=True) for one in table.objects[:count]]
        answer["changed"] = [[n, new] for n, (new, old) in enumerate(zip(after, before, strict=True)) if new != old]
        return answer

    # ---------------------------------------------------------------- values

    def writer(self, table: Table | None = None) -> Writer:
        """Make what writes values for the student's kernel."""
        return Writer(self.refer, table, lambda name: self.grader_class(name) is not None)

    def reader(self, table: Table | None = None) -> Reader:
        """Make what reads values of the student's kernel."""
        return Reader(self.resolve, table, self.grader_class)

    def grader_class(self, name: str) -> type | None:
        """Find a class that a cell of the grader's has defined here."""
        found = self.shell.user_ns.get(name)
        return found if isinstance(found, type) and found.__module__ == "__main__" else None

    def refer(self, value: Any) -> Any:
        """Make a reference of what stays here: a function of the test's, or something of a library that both have."""
        if isinstance(value, (Proxy, Over)):
            return ["back", vars(value)["_number"] if isinstance(value, Over) else value._number]
        if isinstance(value, type) and issubclass(value, StudentError) and "number" in vars(value):
            return ["back", value.number]
        if isinstance(value, Library):
            return ["library", *value.place]
        place = library_place(value)
        if place:
            return ["library", *place]
        iterates = isinstance(value, collections.abc.Iterator)
        if not (iterates or inspect.isroutine(value) or hasattr(value, "func")):
            raise CrossingError(f"an object of type {type(value).__name__} cannot be handed to the student's code")
        if id(value) not in self.back_numbers:
            self.back_numbers[id(value)] = len(self.backs)
            self.backs.append(value)
        name = getattr(value, "__name__", type(value).__name__)
        return ["iterate" if iterates else "call", self.back_numbers[id(value)], name]

    def resolve(self, text: list[Any]) -> Any:
        """Find what a reference of the student's kernel means."""
        tag, *rest = text
        if tag == "home":
            return self.backs[rest[0]]
        number = rest[0]
        if not isinstance(number, int):
            raise CrossingError("this is no reference")
        is_value = tag == "ref" and len(rest) == 5 and rest[2] not in self.declared
        if is_value and not isinstance(rest[4], type):
            made = over(rest[4], self, number)
            return self.values.setdefault(number, made) if isinstance(made, Over) else made
        if number in self.proxies:
            return self.proxies[number]
        if tag == "error":
            kind = vars(builtins).get(rest[2]) if len(rest) > 2 else None
            bases = (StudentError, kind) if is_error(kind) else (StudentError,)
            known = self.proxies[number] = type(str(rest[1]), bases, {"number": number})
            return known
        if tag == "raised":
            return self.error(*rest[1:])
        if tag != "ref":
            raise CrossingError("a reference of no kind that is known")
        _number, name, kind, names, *base = rest
        key = tuple(one for one in SPECIAL if one in names)
        base = base[0] if base and isinstance(base[0], type) and base[0] in MUTABLE else Proxy
        if (key, base) not in self.kinds:
            own = {"__slots__": (), "__class__": property(lambda _self: base), **self.methods(key)}
            self.kinds[key, base] = type("Proxy", (Proxy,), own)
        proxy = object.__new__(self.kinds[key, base])
        for field, value in (("_link", self), ("_number", number), ("_type", f"{kind} {name}".strip()[:200])):
            object.__setattr__(proxy, field, value)
        self.proxies[number] = proxy
        return proxy

    def methods(self, names: tuple[str, ...]) -> dict[str, Any]:
        """Choose the special methods of a proxy."""
        found = {name: METHODS[name] for name in names}
        if "__iter__" in found and "__contains__" in found:
            del found["__contains__"]  # Python compares one by one
        return found | {"__hash__": hash_of}

    def is_asked_for(self, proxy: Proxy, others: tuple[Any, ...]) -> bool:
        """Tell whether an object may say itself what it is equal to: where the assignment asks for its class."""
        return proxy._type in self.declared or (bool(others) and all(isinstance(one, Proxy) for one in others))

    def library(self, place: str) -> Library:
        """Name a function of a library, to be called on the other side."""
        return Library(*place.rsplit(".", 1))

    def error(self, kinds: Any, own: Any, arguments: Any, text: Any, where: Any, fields: Any = None) -> BaseException:
        """Make an exception of the class that has this name here, or a `StudentError` of that name."""
        note = "in the student's code: " + "; ".join(str(line)[:300] for line in where[-3:]) if where else ""
        plain = [one for one in arguments if one is None or isinstance(one, (bool, int, float, str))]
        known = self.proxies.get(own)
        problem: BaseException = StudentError(f"{kinds[0][1]}: {text}")
        if isinstance(known, type) and issubclass(known, StudentError):
            problem = known(*plain)
        else:
            for module, name in kinds:
                kind = vars(sys.modules.get(module) or builtins).get(name)
                if module == "__main__":
                    kind = self.grader_class(name)
                elif kind is not vars(builtins).get(name) and name not in self.errors:
                    continue  # a test framework's, perhaps, to skip the test with
                if kind in (Exception, BaseException):
                    problem = named(kinds[0], StudentError, text)(*plain)
                    break
                if not (isinstance(kind, type) and issubclass(kind, BaseException)):
                    continue
                if not is_error(kind) and kind is not AssertionError:
                    break
                try:
                    problem = (kind if [module, name] == kinds[0] else named(kinds[0], kind, text))(*plain)
                except Exception:  # noqa: S112 (it needs other arguments: the next class, then)
                    continue
                break
        for field, value in dict(fields or {}).items():
            if not field.startswith("_") and not hasattr(problem, field):
                vars(problem)[field] = self.reader().read(value)
        if note:
            problem.add_note(note[:1000])
        return problem


def is_error(kind: Any) -> bool:
    """Tell whether this is a class of exceptions that may stand for a student's: none that ends a loop or a kernel."""
    never = (StopIteration, StopAsyncIteration, AssertionError)
    return isinstance(kind, type) and issubclass(kind, Exception) and not issubclass(kind, never)


def named(place: list[Any], kind: type, text: Any) -> type:
    """Make a class of exceptions of a student's name: the name and the text are all that is the student's."""
    return type(str(place[1])[:100], (kind,), {"__module__": "__main__", "__str__": lambda _self: str(text)})


def library_place(value: Any) -> tuple[str, str] | None:
    """Find where a library that both kernels have keeps a function, class or module; None if it does not."""
    if isinstance(value, types.ModuleType):
        return None
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if module is None and isinstance(getattr(value, "__self__", None), types.ModuleType):
        module = value.__self__.__name__
    if type(value).__name__ == "ufunc":
        module, name = "numpy", value.__name__
    if not isinstance(module, str) or not isinstance(name, str) or module in ("__main__", "mlops_course.execution"):
        return None
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return (module, name) if found is value and not module.startswith("mlops_course.") else None


link: Link | None = None


def ask_from_now_on(shell: Any, handle: int, given: str) -> None:
    """Be the test kernel.

    Parameters
    ----------
    shell
        IPython's shell.
    handle
        The connection.
    given
        Folder of the grader's own copies of the assignment's files.
    """
    global link  # noqa: PLW0603 (a kernel has one)
    connection = socket.socket(fileno=handle)
    link = Link(shell, connection)
    sys.path.append(given)
    programs.run_elsewhere(shell, connection)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)


def begin(text: str) -> str:
    """Make ready for a cell; called by the driver."""
    return json.dumps(link.begin(json.loads(text)))
