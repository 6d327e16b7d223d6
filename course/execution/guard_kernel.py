"""The kernel's own state: what IPython and ipykernel do between a message and the execution of a cell."""

from __future__ import annotations

import builtins
import gc
import sys
from collections.abc import Callable
from typing import Any

from course.execution.guard_library import MISSING, Change, Library, attributes, put

__builtins__ = dict(vars(builtins))

# Parts of the shell and of the kernel whose attributes have no reason to be a student's.
PARTS_OF_SHELL = (
    "events", "compile", "displayhook", "display_pub", "display_formatter", "input_transformer_manager",
    "prefilter_manager", "InteractiveTB", "SyntaxTB", "history_manager", "payload_manager", "magics_manager",
    "builtin_trap", "display_trap",
)  # fmt: skip
PARTS_OF_KERNEL = ("session", "iopub_socket", "iopub_thread", "shell_stream", "io_loop")
LAST_VALUES = ("_", "__", "___", "exec_result")
NUMBERS = ("int", "float", "bool", "str", "complex")


class Kernel:
    """The state of a shell, and of its kernel if it has one, before the first student's code.

    Parameters
    ----------
    shell
        IPython's shell.
    library
        Knows whose code something is.
    """

    def __init__(self, shell: Any, library: Library) -> None:
        self.shell = shell
        self.library = library
        self.user_ns = shell.user_ns
        self.user_module = shell.user_module
        self.interactivity = shell.ast_node_interactivity
        self.custom_exceptions = (shell.custom_exceptions, attributes(shell).get("CustomTB", MISSING))
        self.builtins = self.user_ns.get("__builtins__", MISSING)
        self.get_ipython = self.user_ns.get("get_ipython", MISSING)
        kernel = getattr(shell, "kernel", None)
        owners = [shell, kernel]
        owners += [getattr(shell, name, None) for name in PARTS_OF_SHELL]
        owners += [getattr(kernel, name, None) for name in PARTS_OF_KERNEL]
        self.owners = [owner for owner in owners if hasattr(owner, "__dict__")]
        self.states = [(owner, type(owner), dict(attributes(owner))) for owner in self.owners]
        self.lists = [(read, list(read()), where) for read, where in self.readers_of_lists()]
        self.tables = [(read, dict(read())) for read in self.readers_of_tables(kernel)]

    def readers_of_lists(self) -> list[tuple[Callable[[], list[Any]], str]]:
        """Return functions that give the lists of hooks, and what these are."""
        shell = self.shell
        manager = shell.input_transformer_manager
        readers: list[tuple[Callable[[], list[Any]], str]] = [
            (lambda: shell.ast_transformers, "AST transformer"),
            (lambda: shell.input_transformers_post, "input transformer"),
            (lambda: manager.cleanup_transforms, "input transformer"),
            (lambda: manager.line_transforms, "input transformer"),
            (lambda: manager.token_transformers, "input transformer"),
            (lambda: sys.meta_path, "import hook"),
            (lambda: sys.path_hooks, "import hook"),
            (lambda: gc.callbacks, "callback"),
        ]
        return readers + [(lambda one=one: shell.events.callbacks[one], "callback") for one in shell.events.callbacks]

    def readers_of_tables(self, kernel: Any) -> list[Callable[[], dict[Any, Any]]]:
        """Return functions that give the dictionaries of handlers."""
        shell = self.shell
        plain = shell.display_formatter.formatters["text/plain"]
        readers: list[Callable[[], dict[Any, Any]]] = [
            lambda: shell.magics_manager.magics["line"],
            lambda: shell.magics_manager.magics["cell"],
            lambda: plain.type_printers,
        ]
        return readers if kernel is None else [*readers, lambda: kernel.shell_handlers]

    # ------------------------------------------------------------ Putting back

    def put_back(self) -> tuple[list[str], list[Callable[[], None]]]:
        """Undo what a student's code has done to the kernel.

        Returns
        -------
        what : list of str
            What was put back.
        undo : list of callables
            Bring the student's version back.
        """
        what: list[str] = []
        undo: list[Callable[[], None]] = []
        for owner, kind, state in self.states:
            self.put_back_owner(owner, kind, state, what, undo)
        self.put_back_names(what, undo)
        for read, genuine, where in self.lists:
            self.put_back_list(read(), genuine, where, what, undo)
        for read, genuine in self.tables:
            self.put_back_table(read(), genuine, what, undo)
        for name in ("trace", "profile"):
            hook = getattr(sys, f"get{name}")()
            if hook is not None and self.library.is_foreign(hook):
                what.append(f"sys.set{name}")
                getattr(sys, f"set{name}")(None)
        return what, undo

    def put_back_owner(self, owner: Any, kind: type, state: dict[str, Any], what: list[str], undo: list[Any]) -> None:
        """Undo changes of one object's attributes."""
        if type(owner) is not kind:
            found = type(owner)
            object.__setattr__(owner, "__class__", kind)
            what.append(f"the class of {kind.__name__}")
            undo.append(lambda: object.__setattr__(owner, "__class__", found))
        now = attributes(owner)
        for name, value in list(now.items()):
            genuine = state.get(name, MISSING)
            if value is genuine or name in LAST_VALUES or not self.library.is_foreign(value):
                continue
            if genuine is MISSING and not any(name in attributes(base) for base in kind.__mro__):
                continue  # a new name that nobody reads
            put(owner, name, genuine)
            what.append(f"{kind.__name__}.{name}")
            undo.append(lambda owner=owner, name=name, value=value: put(owner, name, value))

    def put_back_names(self, what: list[str], undo: list[Any]) -> None:
        """Undo changes of the namespace that cells run in, and of IPython's settings."""
        shell = self.shell
        if shell.user_module is not self.user_module:
            what.append("the module that cells run in")
            shell.user_module = self.user_module
        if shell.user_ns is not self.user_ns:
            what.append("the namespace that cells run in")
            shell.user_ns = self.user_ns
        for name, genuine in (("__builtins__", self.builtins), ("get_ipython", self.get_ipython)):
            found = dict.get(self.user_ns, name, MISSING)
            if found is not genuine and found is not MISSING and (name[0] == "_" or self.library.is_foreign(found)):
                self.user_ns[name] = genuine
                what.append(name)
                undo.append(lambda name=name, found=found: self.user_ns.__setitem__(name, found))
        if shell.custom_exceptions != self.custom_exceptions[0]:
            found = (shell.custom_exceptions, attributes(shell).get("CustomTB", MISSING))
            what.append("set_custom_exc")
            for value, step in ((self.custom_exceptions, lambda action: action()), (found, undo.append)):
                step(lambda value=value: attributes(shell).update(custom_exceptions=value[0], CustomTB=value[1]))
        if shell.ast_node_interactivity != self.interactivity:
            found = shell.ast_node_interactivity
            shell.ast_node_interactivity = self.interactivity
            undo.append(lambda: setattr(shell, "ast_node_interactivity", found))

    def put_back_list(self, now: list[Any], genuine: list[Any], where: str, what: list[str], undo: list[Any]) -> None:
        """Take a student's hooks out of a list, and put back those that are missing."""
        kept = [hook for hook in now if any(hook is one for one in genuine) or not self.is_foreign_hook(hook)]
        if any(all(hook is not one for one in kept) for hook in genuine):
            kept = genuine + [hook for hook in kept if all(hook is not one for one in genuine)]
        if len(kept) == len(now) and all(one is other for one, other in zip(kept, now, strict=True)):
            return
        found = list(now)
        now[:] = kept
        removed = [hook for hook in found if all(hook is not one for one in kept)]
        what += [f"the {where} {name_of(hook)}" for hook in removed] or [f"an {where} of IPython"]
        undo.append(lambda: now.__setitem__(slice(None), found))

    def is_foreign_hook(self, hook: Any) -> bool:
        """Tell whether a hook is a student's; an AST transformer of a plain class can have visitors set on it."""
        inner = vars(hook).values() if hasattr(hook, "__dict__") else ()
        return self.library.is_foreign(hook) or any(self.library.is_foreign(value) for value in inner)

    def put_back_table(self, now: dict[Any, Any], genuine: dict[Any, Any], what: list[str], undo: list[Any]) -> None:
        """Put back handlers that a student has replaced; new ones stay."""
        for name, value in genuine.items():
            found = now.get(name, MISSING)
            if found is not value and (found is MISSING or self.library.is_foreign(found)):
                now[name] = value
                what.append(f"handler {name_of(name)}")
                if found is not MISSING:
                    undo.append(lambda name=name, found=found: now.__setitem__(name, found))
        for name, value in list(now.items()):
            if (
                name not in genuine
                and isinstance(name, type)
                and name.__name__ in NUMBERS
                and self.library.is_foreign(value)
            ):
                del now[name]
                what.append(f"how {name.__name__} is printed")
                undo.append(lambda name=name, value=value: now.__setitem__(name, value))


def name_of(thing: Any) -> str:
    """Name a function, a class or an instance, for a message."""
    if isinstance(thing, str):
        return thing
    name = getattr(thing, "__qualname__", None) or type(thing).__qualname__
    return str(name)


def is_kernel_change(change: Change) -> bool:
    """Tell whether a change of a library serves to hide the failure of tests rather than any task."""
    return change.home.startswith(
        ("IPython.", "ipykernel.", "builtins", "unittest.", "numpy.testing", "pandas.testing", "zmq.")
    )
