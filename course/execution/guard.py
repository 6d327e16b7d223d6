"""Tamper evidence inside the kernel. The driver's half is `evidence.py`.

A student's code can change everything in its process but what has been handed to the interpreter itself: an audit
hook cannot be removed, and nothing that a program can reach by name leads to it. So the guard is an audit hook. The
driver calls it by an event whose name nobody else knows, with orders that are signed; its answers are signed, too.

What it stops: what works on plain nbgrader without knowledge of the guard. Library functions, Python's own and the
kernel's that were replaced are put back for a test; a test that did not run as it was sent, or that compares with
something equal to everything, is not believed.

What it does not stop: code that knows the guard and searches memory for it (`gc`, `ctypes`, a debugger's frames) can do
all that the guard can; only the attempt is seen, and not in every form. A function can find out what a test expects by
reading the caller's frame. A comparison that lies only for some values, or
only once, is a wrong answer that no one else can tell from a right one. For tests of files, run them once more where no
student's code has been (`evidence.needs_no_student`).
"""

from __future__ import annotations
import __future__

import ast
import builtins
import contextlib
import functools
import gc
import json
import linecache
import re
import secrets
import sys
import threading
import types
import warnings
from collections.abc import Callable, Iterable
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager
from IPython.core.interactiveshell import InteractiveShell

from course.execution.guard_kernel import Kernel, is_kernel_change
from course.execution.guard_key import event_of, is_signed, key_of, sign
from course.execution.guard_library import MISSING, SPECIAL, Change, Library, nested, no_warnings, put
from course.execution.guard_notes import Notes
from course.execution.guard_tree import Instrument, Plan, bound_names, free_names, parse, walk

__builtins__ = dict(vars(builtins))

SEARCHES = {
    "gc.get_objects": "searched the interpreter's memory (gc.get_objects)",
    "gc.get_referrers": "searched the interpreter's memory (gc.get_referrers)",
    "ctypes.cdata": "read or wrote the interpreter's memory (ctypes)",
    "ctypes.string_at": "read the interpreter's memory (ctypes)",
    "sys.addaudithook": "watched what the interpreter does (sys.addaudithook)",
}
WATCHED_EVENTS = frozenset({"exec", "object.__setattr__", "sys.settrace", *SEARCHES})
# A test that patches things itself is not accused of it.
ROOTS = {"posixpath": "os", "genericpath": "os", "ntpath": "os", "_io": "io", "__main__": ""}
# What `from __future__ import …` changes in the compiling of all that follows.
FUTURE = functools.reduce(
    int.__or__, [getattr(__future__, name).compiler_flag for name in __future__.all_feature_names]
)
PATCHING_WORDS = ("patch", "mock", "setattr", "Mock", "__dict__", "settrace")
# Functions inside these modules' functions stand between Python and a cell that is executed; to recognise their code
# takes 20 ms for each kernel if it is not done before kernels are forked.
AROUND_CELLS = ("ipykernel.kernelapp", "zmq.eventloop.zmqstream", "course.execution.parent")
_known: list[Library] = []


def look(folders: Iterable[str] = ()) -> None:
    """Remember the libraries as they are now: after they were imported, before kernels are forked.

    Parameters
    ----------
    folders
        Further folders whose code is trusted.
    """
    _known[:] = [Library(folders, AROUND_CELLS)]


def install(shell: Any, token: str) -> None:
    """Guard a kernel. To be called before the first student's code; who calls must forget the token.

    Parameters
    ----------
    shell
        IPython's shell.
    token
        Known to the driver, and to nobody else.
    """
    if not _known:
        look()
    guard = Guard(shell, _known[0], token)
    gc.freeze()  # whoever asks the garbage collector for all objects does not get these
    sys.addaudithook(guard.hook())


def hide() -> None:
    """Make the guard's modules unreachable by name; what `import` then gives is another copy."""
    for name in [name for name in sys.modules if name.startswith("course.execution.guard")]:
        del sys.modules[name]
        vars(sys.modules["course.execution"]).pop(name.rpartition(".")[2], None)


class Answer:
    """An answer of the guard, for `user_expressions`."""

    def __init__(self, make: Callable[[], str]) -> None:
        self.make = make

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": self.make()}


class Guard:
    """Watches one kernel.

    Parameters
    ----------
    shell
        IPython's shell.
    library
        What the libraries were.
    token
        The driver's.
    """

    def __init__(self, shell: Any, library: Library, token: str) -> None:
        self.shell = shell
        self.library = library
        self.kernel = Kernel(shell, library)
        self.event = event_of(token)
        self.key = key_of(token)
        self.nonces: set[str] = set()
        self.remembered: dict[str, Change] = {}
        self.cell: Cell | None = None
        self.searches: set[str] = set()
        self.has_touched_memory = False
        self.busy: set[int] = set()  # threads that the guard itself is at work in

    def hook(self) -> Callable[[str, tuple[Any, ...]], None]:
        """Return the audit hook."""
        mine, busy, thread = self.event, self.busy, threading.get_ident
        is_of_interest = (WATCHED_EVENTS | {mine}).__contains__

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            if not is_of_interest(event) or thread() in busy:
                return
            me = thread()
            busy.add(me)
            try:
                if event == mine:
                    self.obey(*arguments)
                else:
                    self.witness(event, arguments, sys._getframe(1))
            except Exception:
                if event == mine:
                    raise  # no answer: the driver will notice
                # A hook that raises would forbid what it watches.
            finally:
                busy.discard(me)

        return hook

    # ------------------------------------------------------------ Orders

    def obey(self, text: str, signature: str) -> None:
        """Do what the driver says, if it is the driver and says it for the first time.

        Reading the order and the signature needs libraries that a student's code may have changed, so these are put
        back before anything else.
        """
        repair = Repair(self.library)
        try:
            if not is_signed(self.key, text, signature):
                return
            order = json.loads(text)
            if order["nonce"] in self.nonces:
                return
            self.nonces.add(order["nonce"])
            try:
                if self.cell is not None:
                    self.cell.end()
                    self.cell = None
                    repair.add(Repair(self.library))
                (self.arm if order["do"] == "arm" else self.disarm)(order, repair)
            except Exception as problem:
                values = {"nonce": order["nonce"], "trouble": f"{type(problem).__name__}: {problem}"}
                self.answer(order["answer"], values)
        finally:
            repair.undo()

    def answer(self, name: str, values: dict[str, Any]) -> None:
        """Lay an answer ready under a name that a `user_expression` asks for."""
        text = self.signed(values)

        def make() -> str:
            vars(builtins).pop(name, None)
            return text

        vars(builtins)[name] = Answer(make)

    def answer_later(self, name: str, make_values: Callable[[list[Change]], dict[str, Any]]) -> None:
        """Make an answer when it is asked for, from what has been replaced by then."""

        def make() -> str:
            me = threading.get_ident()
            self.busy.add(me)
            repair = Repair(self.library)
            try:
                vars(builtins).pop(name, None)
                return self.signed(make_values(list(repair.changes)))
            finally:
                repair.undo()
                self.busy.discard(me)

        vars(builtins)[name] = Answer(make)

    def signed(self, values: dict[str, Any]) -> str:
        """Write an answer that only the guard can have written."""
        text = json.dumps(values)
        return json.dumps({"text": text, "signature": sign(self.key, text)})

    def arm(self, order: dict[str, Any], repair: Repair) -> None:
        """Prepare the next cell."""
        cell = self.cell = Cell(self, order, repair)
        ready = {"nonce": order["nonce"], "put_back": cell.put_back, "prepared": cell.plan is not None}
        self.answer(order["answer"], ready)
        self.answer_later(order["report"], cell.report)

    def disarm(self, order: dict[str, Any], repair: Repair) -> None:
        """Prepare for no cell: what was put back for the last one has its student's version again."""
        self.answer(order["answer"], {"nonce": order["nonce"]})

    # ------------------------------------------------------------ Events

    def witness(self, event: str, arguments: tuple[Any, ...], caller: types.FrameType) -> None:
        """See something happen that the interpreter tells of."""
        if event == "exec":
            if self.cell is not None and isinstance(arguments[0], types.CodeType):
                self.cell.executes(arguments[0], caller)
        elif event == "object.__setattr__":
            if arguments[1] in SPECIAL and not self.library.has_code(caller.f_code):
                self.library.note_part(*arguments)
        elif event in SEARCHES:
            if not self.library.has_code(caller.f_code):
                self.searches.add(SEARCHES[event])
                self.has_touched_memory = self.has_touched_memory or event == "ctypes.cdata"
        elif self.cell is not None and self.cell.is_running and not caller.f_code.co_filename.endswith("/doctest.py"):
            self.cell.traced = True


class Repair:
    """Puts back what a student's code has replaced in the libraries."""

    def __init__(self, library: Library) -> None:
        self.changes = library.changes()
        for change in self.changes:
            put(change.owner, change.name, change.genuine)

    def add(self, other: Repair) -> None:
        """Put back what another has put back after this one, too."""
        self.changes += other.changes

    def undo(self) -> None:
        """Bring the student's versions back."""
        for change in reversed(self.changes):
            put(change.owner, change.name, change.found)
        self.changes = []

    def keep(self) -> Callable[[], None]:
        """Return a way to undo this later, and do not undo it now."""
        later, self.changes = self.changes, []

        def undo() -> None:
            for change in reversed(later):
                put(change.owner, change.name, change.found)

        return undo


class Cell:
    """A cell that the driver is about to send.

    Parameters
    ----------
    guard
        The kernel's guard.
    order
        The driver's, see `evidence.prepare`.
    """

    def __init__(self, guard: Guard, order: dict[str, Any], repair: Repair) -> None:
        self.guard = guard
        self.order = order
        self.library = guard.library
        self.source: str = order["source"]
        self.names: dict[str, str] = order["names"]
        self.undo: list[Callable[[], None]] = []
        self.put_back: list[list[str]] = []
        self.expected: list[list[types.CodeType]] = []
        self.executed = 0
        self.is_running = self.is_ended = self.traced = False
        self.watched: list[tuple[Any, str, Any]] = []
        self.hidden: list[tuple[Any, Any, str]] = []
        self.restore(repair)
        self.plan = self.make_plan()
        self.notes = Notes(
            self.plan or Plan(ast.Module([], [])),
            self.library,
            check=self.replaced,
            current=self.current_notes,
            own_names=self.own_names,
            before_display=self.show_source,
        )
        if self.plan is not None:
            self.restore_names()
            self.watch()
            vars(builtins)[self.names["note"]] = self.notes.note
            vars(builtins)[self.names["see"]] = self.notes.see
            vars(builtins)[self.names["mark"]] = self.notes.mark
            guard.shell.ast_transformers.append(self)

    # ------------------------------------------------------------ Before the cell

    def restore(self, repair: Repair) -> None:
        """Put back what a student's code has replaced in libraries and in the kernel."""
        self.put_back += [[self.kind_of(one), one.label] for one in repair.changes]
        self.undo.append(repair.keep())
        self.put_back += [["unknown", change.label] for change in self.library.found_in_new if self.is_used(change)]
        self.put_back += [["search", text] for text in sorted(self.guard.searches)]
        self.guard.searches.clear()
        what, undo = self.guard.kernel.put_back()
        self.undo += undo
        self.put_back += [["callback" if name.startswith("the callback ") else "kernel", name] for name in what]

    def kind_of(self, change: Change) -> str:
        """Tell a change that serves to hide failures, one of a library that this cell uses, and any other."""
        if is_kernel_change(change):
            return "kernel"
        return "used" if self.is_used(change) else "library"

    def is_used(self, change: Change) -> bool:
        """Tell whether the cell's text names the library of a change."""
        root = (change.name if change.owner is sys.modules else change.home).partition(".")[0]
        return re.search(rf"\b{re.escape(ROOTS.get(root, root))}\b", self.source) is not None

    def make_plan(self) -> Plan | None:
        """Write notes into the tree of the trusted source."""
        try:
            with no_warnings():
                text, tree = read(self.source)
                outside = free_names(text)
                code = compile(tree, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, True)
            self.nodes = walk(tree)  # before notes are written into the tree
            self.constants, self.imports = constants(self.nodes), imported_names(self.nodes)
            self.text, self.outside, self.bound = text, outside, bound_names(tree)
            mine = self.bound | set(self.order["trusted"]) | set(self.guard.remembered) | set(__builtins__)
            theirs = frozenset(outside - (mine - set(self.order["expected"])))
            self.own = sorted(self.bound - set(self.order["expected"]) - theirs)
            self.library.trust(nested(code))
            self.calls = theirs if self.order["graded"] else frozenset()
            return self.instrument(tree, lambda: secrets.randbits(62))
        except (SyntaxError, ValueError, RecursionError):
            return None

    def instrument(self, tree: ast.Module, number: Callable[[], int]) -> Plan:
        """Write notes into a tree."""
        names = (self.names[what] for what in ("note", "see", "mark"))
        return Instrument(*names, number, self.calls).instrument(tree)

    def restore_names(self) -> None:
        """Put back names that the cell uses and that a student's code has bound to something else."""
        namespace = self.guard.kernel.user_ns
        expected = set(self.order["expected"]) | self.bound
        names = self.outside - expected
        for name in list(names):
            function = self.guard.remembered.get(name)
            if function is not None and isinstance(function.genuine, types.FunctionType):
                names |= set(function.genuine.__code__.co_names) - expected
        for name in names:
            found = dict.get(namespace, name, MISSING)
            genuine = MISSING
            if name in self.guard.remembered:
                genuine = self.guard.remembered[name].genuine
                if found is genuine or not (callable(found) or self.is_made_up(found)):
                    continue
            elif name in self.order["trusted"]:
                genuine = imported(self.order["trusted"][name], name)
                if genuine is MISSING or found is genuine or not self.is_made_up(found):
                    continue
            elif name in __builtins__ and found is not MISSING:
                genuine = __builtins__[name]
                if found is genuine or not (self.is_made_up(found) or is_other(name, found)):
                    continue
            else:
                continue
            namespace[name] = genuine
            self.undo.append(lambda name=name, found=found, genuine=genuine: put_name(namespace, name, genuine, found))
            self.put_back.append(["name" if name in __builtins__ else "helper", name])

    def is_made_up(self, value: Any) -> bool:
        """Tell whether a value is a student's stand-in for something of a library."""
        return value is not MISSING and (
            self.library.is_foreign(value) or isinstance(value, (types.SimpleNamespace, types.MethodType))
        )

    def watch(self) -> None:
        """Note where the tests find what they use."""
        if not self.order["graded"] or any(word in self.source for word in PATCHING_WORDS):
            return
        modules = imported_modules(self.nodes)
        namespace = self.guard.kernel.user_ns
        for node in self.nodes if "await" not in self.text else ():
            path: list[str] = []
            root = node
            while isinstance(root, ast.Attribute):
                path.insert(0, root.attr)
                root = root.value
            if not isinstance(root, ast.Name) or not isinstance(root.ctx, ast.Load):
                continue
            owner = modules.get(root.id)
            if owner is None and root.id in __builtins__ and root.id not in namespace and root.id not in self.bound:
                self.watched.append((vars(builtins), root.id, __builtins__[root.id]))
                continue
            if owner is None and (root.id in self.order["trusted"] or root.id in self.guard.remembered):
                owner = namespace.get(root.id)
            for name in path:
                if not isinstance(owner, (types.ModuleType, type)):
                    break
                table = vars(owner)
                if name in table:
                    self.watched.append((table, name, table[name]))
                owner = table.get(name)
        self.watched = [one for one in self.watched if callable(one[2])]

    def replaced(self) -> list[str]:
        """Say what of that was replaced."""
        return [
            name
            for table, name, genuine in self.watched
            if table.get(name) is not genuine and name != "input" and self.library.is_foreign(table.get(name))
        ]

    def own_names(self) -> dict[str, Any]:
        """Return the names that this cell has bound, and that are not for a student to change."""
        namespace = self.guard.kernel.user_ns
        return {name: dict.get(namespace, name, MISSING) for name in self.own}

    def current_notes(self) -> Notes | None:
        """Return the notes of the cell that runs now: a function of this one may be called in it."""
        cell = self.guard.cell
        return cell.notes if cell is not None and cell is not self and cell.is_running else None

    # ------------------------------------------------------------ While the cell runs

    def visit(self, tree: ast.AST) -> ast.AST:
        """Take the place of an AST transformer, once: whatever tree comes, this cell's goes on."""
        transformers = self.guard.shell.ast_transformers
        transformers[:] = [one for one in transformers if one is not self]
        self.is_running = True
        if self.order["graded"] and not re.search(r"\bIn\b|_ih?\b|_i\d|history", self.source):
            self.hide_source()
        self.expected = self.compiled(self.guard.shell.compile.flags)  # now: IPython changes the tree that it gets
        return self.plan.tree

    def hide_source(self) -> None:
        """Take the tests' text from where a student's function could read what it is expected to return."""
        self.hide_lines()
        shell = self.guard.shell
        history = shell.history_manager
        message = getattr(shell, "parent_header", None)
        places: list[tuple[Any, Any]] = [(texts, -1) for texts in (history.input_hist_parsed, history.input_hist_raw)]
        places += [(self.guard.kernel.user_ns, f"_i{len(history.input_hist_parsed) - 1}"), (vars(history), "_i00")]
        places += [(message["content"], "code")] if isinstance(message, dict) and "content" in message else []
        for owner, name in places:
            with contextlib.suppress(LookupError, TypeError):
                if isinstance(owner[name], str) and self.source.strip() and owner[name].strip():
                    self.hidden.append((owner, name, owner[name]))
                    owner[name] = "# tests"

    def hide_lines(self) -> None:
        """Give the text to those only who make a traceback of it: not while a student's function is being called."""
        for table in (linecache.cache, getattr(linecache, "_ipython_cache", {})):
            for name, entry in list(table.items()):
                if len(entry) > 2 and "".join(entry[2]).strip() == self.text.strip():
                    self.hidden.append((table, name, entry))
                    table[name] = (functools.partial(self.lines_for, entry, sys._getframe),)  # as loaders do

    def lines_for(self, entry: Any, look: Callable[[int], types.FrameType]) -> str:
        """Return the text, unless a student's code is asking."""
        frame: types.FrameType | None = look(1)
        while frame is not None and frame.f_globals is vars(linecache):
            frame = frame.f_back
        if frame is not None and frame.f_globals is vars(warnings):
            return "".join(entry[2])  # a warning shows the line that it is about
        while frame is not None:
            if not self.library.has_code(frame.f_code):
                return ""
            frame = frame.f_back
        return "".join(entry[2])

    def show_source(self) -> None:
        """Bring the tests' text back."""
        for owner, name, text in self.hidden:
            with contextlib.suppress(LookupError, TypeError):
                owner[name] = text
        self.hidden.clear()

    def compiled(self, flags: int) -> list[list[types.CodeType]]:
        """Compile each statement as IPython will, if it is shown and if it is not."""
        found = []
        for statement in self.plan.tree.body:
            forms: list[tuple[ast.AST, str]] = [(ast.Module([statement], []), "exec")]
            if isinstance(statement, ast.Expr):
                forms.append((ast.Interactive([statement]), "single"))
            with no_warnings():
                codes = [
                    compile(tree, "<cell>", mode, flags | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, True) for tree, mode in forms
                ]
            flags |= codes[0].co_flags & FUTURE  # what a statement imports from there holds for all after it
            found.append(codes)
        return found

    def executes(self, code: types.CodeType, caller: types.FrameType) -> None:
        """See code being executed: whether it is the cell's next statement, and who executes it."""
        if not self.is_running or self.plan is None or self.executed >= len(self.expected):
            return
        if code.co_name != "<module>":
            return
        if code not in self.expected[self.executed]:
            return
        self.executed += 1
        self.library.trust(nested(code))
        frame: types.FrameType | None = caller
        while frame is not None:
            if frame.f_code is InteractiveShell.run_cell_async.__code__:
                return
            if not self.library.has_code(frame.f_code):
                self.notes.problem(f"the cell was executed by {frame.f_code.co_name} and not by IPython")
            frame = frame.f_back
        self.notes.problem("the cell was not executed by IPython")

    # ------------------------------------------------------------ After the cell

    def report(self, changes: list[Change]) -> dict[str, Any]:
        """Say how far the cell came."""
        notes = self.notes
        self.is_running = False
        self.show_source()
        problems = list(notes.problems)
        if self.traced:
            problems.append("a trace function was set while the tests ran")
        if self.plan is not None and self.order["graded"]:
            problems += notes.lies(self.source, self.constants)
            problems += [f"the student's code {text} while the tests ran" for text in sorted(self.guard.searches)]
            if self.guard.has_touched_memory:
                problems.append("the student's code changes memory by address (ctypes): no test can be believed then")
            problems += [f"{one.label} is the student's" for one in self.library.found_in_new if self.is_used(one)]
            problems += [f"the tests import {name}, and got a module of the submission" for name in self.impostors()]
            if not any(word in self.source for word in PATCHING_WORDS):
                changes = [change for change in changes if self.kind_of(change) != "library"]
                problems += [f"{change.label} was replaced while the tests ran" for change in changes]
        return {
            "nonce": self.order["nonce"],
            "prepared": self.plan is not None,
            "statements": self.plan.statements if self.plan else 0,
            "done": notes.done,
            "in_order": not notes.is_out_of_order,
            "nodes": len(self.plan.tree.body) if self.plan else 0,
            "executed": self.executed,
            "canary": notes.canary == ["canary", "caught"] or not notes.plan.statements,
            "ends_in_value": bool(self.plan and self.plan.ends_in_value),
            "shown": notes.shown,
            "problems": problems,
        }

    def impostors(self) -> list[str]:
        """List the libraries that the tests import, but that a file of the submission has taken the place of."""
        roots = {name.partition(".")[0] for name in self.imports} - set(self.order["expected"])
        loaded = {root: sys.modules.get(root) for root in roots}
        return sorted(
            root
            for root, module in loaded.items()
            if isinstance(module, types.ModuleType)
            and self.library.is_foreign_module(module)
            and self.library.spec_of(root) is not None
        )

    def end(self) -> None:
        """Bring a student's versions back, and remember what an instructor's cell has defined."""
        if self.is_ended:
            return
        self.is_ended = True
        self.show_source()
        transformers = self.guard.shell.ast_transformers
        transformers[:] = [one for one in transformers if one is not self]
        if self.plan is not None and self.notes.done:
            namespace = self.guard.kernel.user_ns
            for name in self.bound:
                value = dict.get(namespace, name, MISSING)
                if value is MISSING:
                    self.guard.remembered.pop(name, None)
                elif callable(value) or isinstance(value, types.ModuleType):
                    self.guard.remembered[name] = Change(namespace, name, value, value)
        for step in reversed(self.undo):
            step()
        vars(builtins).pop(self.order["report"], None)
        # The other two names stay: functions that the cell has defined take notes when later cells call them.
        self.notes.is_over = True


def read(source: str) -> tuple[str, ast.Module]:
    """Parse a cell as IPython does; return its text, without what only IPython understands, and its tree.

    Raises
    ------
    SyntaxError, ValueError
        If it is not Python even then.
    """
    manager = TransformerManager()
    lines = (source if source.endswith("\n") else source + "\n").splitlines(keepends=True)
    for transform in (*manager.cleanup_transforms, *manager.line_transforms):
        lines = transform(lines)
    text = "".join(lines)
    with contextlib.suppress(SyntaxError, ValueError):
        # In what is Python there is nothing more to replace, and to look for it takes longer than all else here.
        return text, parse(text)
    text = manager.transform_cell(source)
    return text, parse(text)


def put_name(namespace: dict[str, Any], name: str, genuine: Any, found: Any) -> None:
    """Bring a student's name back, unless it was bound anew."""
    if namespace.get(name, MISSING) is genuine:
        if found is MISSING:
            del namespace[name]
        else:
            namespace[name] = found


def is_other(name: str, value: Any) -> bool:
    """Tell whether something of another name stands for a builtin function."""
    return callable(value) and callable(__builtins__[name]) and getattr(value, "__name__", None) != name


def imported(statement: str, name: str) -> Any:
    """Return what an import statement binds a name to, from the modules that are loaded."""
    for node in ast.parse(statement).body:
        for alias in getattr(node, "names", []):
            if (alias.asname or alias.name.partition(".")[0]) != name:
                continue
            if isinstance(node, ast.Import):
                path = alias.name if alias.asname else name
                return sys.modules.get(path, MISSING)
            if isinstance(node, ast.ImportFrom) and node.module in sys.modules:
                module = sys.modules[node.module]
                return vars(module).get(alias.name, sys.modules.get(f"{node.module}.{alias.name}", MISSING))
    return MISSING


def constants(nodes: list[ast.AST]) -> list[Any]:
    """List numbers and texts that stand in a cell; not more than a few, and no large ones."""
    found = [node.value for node in nodes if isinstance(node, ast.Constant)]
    return [value for value in found if type(value) in (int, float, str) and len(str(value)) < 50][:30]


def imports_in(nodes: list[ast.AST]) -> list[ast.Import | ast.ImportFrom]:
    """List the import statements in a cell, at whatever depth."""
    return [node for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))]


def imported_names(nodes: list[ast.AST]) -> set[str]:
    """Collect the names of the modules that a cell imports."""
    found: set[str] = set()
    for node in imports_in(nodes):
        found |= {node.module or ""} if isinstance(node, ast.ImportFrom) else {alias.name for alias in node.names}
    return found


def imported_modules(nodes: list[ast.AST]) -> dict[str, Any]:
    """Return the loaded modules and members that a cell imports, by the names it gives them."""
    found: dict[str, Any] = {}
    for node in imports_in(nodes):
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            value = imported(ast.unparse(node), name)
            if value is not MISSING:
                found[name] = value
    return found
