"""The student kernel's side: it does what the test kernel asks, in the notebook's own thread and namespace.

Nothing here is protected from the student's code, and nothing need be: whatever it answers is data to the other side.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import inspect
import itertools
import json
import operator
import os
import signal
import socket
import sys
import traceback
from collections.abc import Awaitable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

from mlops_course.execution.boundary import wire
from mlops_course.execution.boundary.bases import base_of
from mlops_course.execution.boundary.printed import Printed, Stream
from mlops_course.execution.boundary.values import CrossingError, Reader, Table, Writer

# What is told of a type: which of these a proxy has.
SPECIAL = (
    "__call__", "__len__", "__getitem__", "__setitem__", "__delitem__", "__iter__", "__next__", "__contains__",
    "__reversed__", "__enter__", "__exit__", "__bool__", "__int__", "__float__", "__complex__", "__index__",
    "__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__ne__", "__hash__", "__neg__", "__pos__", "__abs__",
    "__invert__", "__round__", "__trunc__", "__floor__", "__ceil__", "__str__", "__format__", "__bytes__", "__fspath__",
    "__await__",
    *(f"__{side}{name}__" for side in ("", "r", "i") for name in (
        "add", "sub", "mul", "truediv", "floordiv", "mod", "divmod", "pow", "matmul", "and", "or", "xor", "lshift",
        "rshift",
    )),
)  # fmt: skip


class GoneError(Exception):
    """A call-back was interrupted: its test has ended."""


class CallBack:
    """A function of the test's. It can be called, or iterated over, and has a name and a signature: nothing else."""

    def __init__(self, kernel: Answering, number: int, name: str, parameters: list[Any] | None) -> None:
        self._kernel, self._number = kernel, number
        self.__name__ = self.__qualname__ = name
        if parameters is not None:
            found = [inspect.Parameter(one, kind, default=inspect.Parameter.empty if is_needed else None)
                     for one, kind, is_needed in parameters]  # fmt: skip
            self.__signature__ = inspect.Signature(found)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Call it."""
        return self._kernel.call_back(self._number, arguments, keywords)

    def __reduce__(self) -> NoReturn:
        """Say why it cannot be sent to another process."""
        raise TypeError(f"{self.__name__} is a function of a test's, and stays there: tag its cell `together`")


class Iteration(CallBack):
    """An iterator of the test's."""

    def __iter__(self) -> Iterator[Any]:
        """Be an iterator."""
        return self

    def __next__(self) -> Any:
        """Return the next value."""
        more, value = self._kernel.call_back(self._number, (), {})
        if not more:
            raise StopIteration
        return value


class Answering:
    """Answers the test kernel.

    Parameters
    ----------
    shell
        IPython's shell of this kernel.
    connection
        Leads to the keeper, and from there to the test kernel.
    """

    def __init__(self, shell: Any, connection: socket.socket) -> None:
        self.shell, self.connection = shell, connection
        self.exports: dict[int, Any] = {}
        self.known: dict[int, int] = {}
        self.numbers = itertools.count()
        self.backs: dict[int, CallBack] = {}
        self.classes: set[str] = set()
        self.told: dict[str, str] = {}

    # ---------------------------------------------------------------- values

    def refer(self, value: Any) -> Any:
        """Make a reference of a value that stays here."""
        if isinstance(value, CallBack):
            return ["home", value._number]
        number = self.known.get(id(value))
        if number is None:
            number = self.known[id(value)] = next(self.numbers)
            self.exports[number] = value
        kind = type(value)
        if isinstance(value, type) and issubclass(value, BaseException):
            builtin = next(one.__name__ for one in value.__mro__ if one.__module__ == "builtins")
            return ["error", number, value.__name__, builtin]
        if isinstance(value, BaseException):
            return ["raised", number, *self.describe(value)]
        special = [name for name in SPECIAL if has_special(kind, name)]
        return ["ref", number, getattr(value, "__name__", "") if callable(value) else "", kind.__qualname__, special]

    def describe(self, problem: BaseException) -> list[Any]:
        """Write an exception: the classes it belongs to, its arguments, and where it comes from."""
        kinds = [[kind.__module__, kind.__name__] for kind in type(problem).__mro__[:-2]]
        arguments = []
        for one in problem.args:
            plain = one is None or type(one) in (bool, int, float, str)
            arguments.append(
                one if plain and not (type(one) is int and not -(2**53) < one < 2**53) else str(one)[:1000]
            )
        own = self.known.get(id(type(problem)), -1)
        try:
            text = str(problem)[:5000]
        except BaseException:
            text = ""
        frames = [frame for frame in traceback.extract_tb(problem.__traceback__) if frame.filename != __file__]
        where = [f"line {frame.lineno} in {frame.name}: {frame.line}" for frame in frames[-3:]]
        fields = {}
        for name, value in vars(problem).items():
            with contextlib.suppress(CrossingError):
                fields[name] = self.writer().write(value)
        return [kinds, own, arguments, text, where, fields]

    def resolve(self, text: list[Any]) -> Any:
        """Find what a reference of the other side's means."""
        tag, *rest = text
        if tag == "back":
            return self.exports[rest[0]]
        if tag in ("call", "iterate"):
            number, name, parameters = rest
            if number not in self.backs:
                self.backs[number] = (CallBack if tag == "call" else Iteration)(self, number, name, parameters)
            return self.backs[number]
        if tag == "library":
            found = importlib.import_module(rest[0])
            for name in rest[1].split("."):
                found = getattr(found, name)
            return found
        raise CrossingError(f"a {tag} of no kind that is known")

    def writer(self, table: Table | None = None) -> Writer:
        """Make what writes values for the other side."""
        return Writer(self.refer, table, self.classes.__contains__)

    def reader(self, table: Table | None = None) -> Reader:
        """Make what reads values of the other side's."""
        return Reader(self.resolve, table, self.shell.user_ns.get)

    # ---------------------------------------------------------------- requests

    def ready(self, *_: Any) -> None:
        """Answer the request that has arrived, and all that belong to it."""
        try:
            kind, message = wire.receive(self.connection)
        except OSError:
            return
        if kind != wire.CALL:
            return  # what is left of a call that was interrupted
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            answer = self.answer(message)
        except BaseException as problem:
            answer = {"raised": self.describe(problem)}
        finally:
            signal.signal(signal.SIGINT, before)
        with contextlib.suppress(OSError):
            try:
                wire.send(self.connection, wire.ANSWER, answer | {"id": message["id"]})
            except ValueError:
                text = ["what the student's code gave is too large to be handed over"]
                problem = [[["builtins", "ValueError"]], -1, text, text[0], []]
                wire.send(self.connection, wire.ANSWER, {"id": message["id"], "raised": problem})

    def answer(self, message: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked."""
        for number in message.get("dropped", []):
            self.known.pop(id(self.exports.pop(number, None)), None)
        if "classes" in message:
            self.classes = set(message["classes"])
        self.take_names(message.get("set", {}), message.get("delete", []))
        if message["do"] == "names":
            self.told = {}
            return {"names": self.names(message["names"])}
        table = Table()
        target, arguments, keywords = self.reader(table).read(message["call"])
        before = self.contents(table)
        with self.surroundings(message) as printed:
            try:
                value, raised = self.perform(message["do"], target, arguments, keywords), None
            except BaseException as problem:
                value, raised = None, problem
            went = self.went(message)
        count = len(before)
        answer: dict[str, Any] = {"printed": printed.parts, **went}
        if raised is not None:
            answer["raised"] = self.describe(raised)
        writer = self.writer(table)
        try:
            if raised is None:
                answer["value"] = writer.write(value)
            after = self.contents(table, count)
            answer["changed"] = [[n, one] for n, (one, old) in enumerate(zip(after, before)) if one != old]  # noqa: B905
        except CrossingError as problem:
            answer["raised"] = self.describe(problem)
        answer["names"] = self.names(list(self.told), only_new=True)
        return answer

    def contents(self, table: Table, count: int | None = None) -> list[Any]:
        """Write what is in the containers of the other side's."""
        writer = self.writer(table)
        return [writer.content(one, known=True) for one in table.objects[:count]]

    def perform(self, do: str, target: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Do one thing with an object."""
        if do == "call":
            return target(*arguments, **keywords)
        if do == "get":
            return getattr(target, *arguments)
        if do == "set":
            return setattr(target, *arguments)
        if do == "delete":
            return delattr(target, *arguments)
        if do == "is instance":
            return isinstance(*arguments, target)
        if do == "next":
            try:
                return True, next(target)
            except StopIteration:
                return False, None
        if do == "await":
            return run_to_its_end(target)
        if do == "str":
            return str(target)
        if do == "bool":
            return bool(target)
        if do == "hash":
            return hash(target)
        if do == "plain":
            base = base_of(type(target))
            return dict(base.items(target)) if issubclass(base, dict) else base(base.__iter__(target))
        if do == "contains":
            return operator.contains(target, *arguments)
        return getattr(type(target), do)(target, *arguments, **keywords)

    # ---------------------------------------------------------------- names

    def take_names(self, given: dict[str, Any], deleted: list[str]) -> None:
        """Give names what the test has given them."""
        names = self.shell.user_ns
        for name in deleted:
            names.pop(name, None)
            self.told.pop(name, None)
        for name, text in given.items():
            names[name] = self.reader().read(text)
            self.told[name] = json.dumps(text)

    def names(self, names: list[str], *, only_new: bool = False) -> dict[str, Any]:
        """Write what names mean."""
        found = {}
        for name in names:
            if name not in self.shell.user_ns:
                if only_new and name in self.told:
                    found[name] = None
                    del self.told[name]
                continue
            value = self.shell.user_ns[name]
            try:
                text = self.writer().write(value)
            except CrossingError:
                text = self.refer(value)
            told = json.dumps(text)
            if not only_new or self.told.get(name) != told:
                found[name] = [text]
            self.told[name] = told
        return found

    # ---------------------------------------------------------------- surroundings

    @contextlib.contextmanager
    def surroundings(self, message: dict[str, Any]) -> Iterator[Printed]:
        """Be in the test's directory and environment for one call, and keep what is printed."""
        folder = here()
        environment = {name: os.environ.get(name) for name in message.get("environment", {})}
        out, err, printed = sys.stdout, sys.stderr, Printed()
        for name, value in message.get("environment", {}).items():
            set_variable(name, value)
        with contextlib.suppress(OSError):
            os.chdir(message["folder"])
        sys.stdout = Stream(printed, "stdout")
        sys.stderr = sys.stdout if err is out else Stream(printed, "stderr")
        try:
            yield printed
        finally:
            sys.stdout, sys.stderr = out, err
            for name, value in environment.items():
                set_variable(name, value)
            if here() in (message["folder"], ""):  # a call that has gone elsewhere stays there, unless that is gone
                with contextlib.suppress(OSError):
                    os.chdir(folder or message["folder"])

    def went(self, message: dict[str, Any]) -> dict[str, Any]:
        """Tell where a call has gone, if it has."""
        return {"folder": here()} if here() not in (message["folder"], "") else {}

    def call_back(self, number: int, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Call a function of the test's."""
        table = Table()
        call = self.writer(table).write((tuple(arguments), dict(keywords)))
        wire.send(self.connection, wire.BACK, {"number": number, "call": call})
        kind, message = wire.receive(self.connection)
        if kind != wire.RETURN:
            raise GoneError
        reader = self.reader(table)
        for place, text in message.get("changed", []):
            reader.read_container(text[0], text[1:], 0, table.objects[place])
        if "raised" in message:
            kind_name, text = message["raised"]
            kind = getattr(__import__("builtins"), kind_name, None) or self.shell.user_ns.get(kind_name)
            is_error = isinstance(kind, type) and issubclass(kind, BaseException)
            raise (kind if is_error else RuntimeError)(text)
        return reader.read(message["value"])


def here() -> str:
    """Return the working directory; an empty text if it is gone."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def run_to_its_end(target: Awaitable[Any]) -> Any:
    """Await something, in a loop of its own: the kernel's is busy with what it was asked."""

    async def wait() -> Any:
        return await target

    def work() -> Any:
        loop = asyncio.new_event_loop()
        try:
            return loop.run_until_complete(wait())
        finally:
            loop.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def has_special(kind: type, name: str) -> bool:
    """Tell whether objects of a type have a special method."""
    found = [vars(base)[name] for base in kind.__mro__ if name in vars(base)]
    return bool(found) and found[0] is not None


def set_variable(name: str, value: str | None) -> None:
    """Set an environment variable, or remove it."""
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def answer_from_now_on(shell: Any, handle: int) -> None:
    """Answer the test kernel whenever this kernel is idle."""
    from tornado.ioloop import IOLoop

    connection = socket.socket(fileno=handle)
    IOLoop.current().add_handler(connection, Answering(shell, connection).ready, IOLoop.READ)
