"""Tell whether the tests of a cell that claims success can be believed. The kernel's half is `guard.py`.

Around a cell whose source is the instructor's, the driver sends two silent requests: `setup` puts back what the
student's code has replaced, and prepares the cell to say how far it comes; `teardown` brings the student's versions
back, which a `setup` does for the cell before it, too. They have no code, only `user_expressions`: code would be
searched for magic, hashed and compiled five times. The cell itself is sent as always; its `user_expressions` bring the
proof. `judge` reads it.

Nothing in here runs in a process that a student's code has entered.
"""

from __future__ import annotations

import ast
import json
import random
import re
import symtable
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager

from course.execution.guard_key import event_of, is_signed, key_of, sign

# What only a look at the namespace or at earlier cells can answer.
NAMESPACE = {"get_ipython", "globals", "locals", "vars", "In", "Out", "eval", "exec", "__builtins__", "_", "__", "___"}
NAMESPACE |= {"dir", "_ih", "_oh", "_dh", "display", "__import__"}


@dataclass(frozen=True)
class Probe:
    """What to send around and with a cell.

    Attributes
    ----------
    setup, teardown
        `user_expressions` of silent requests without code before and after the cell (`silent=True`,
        `store_history=False`). The teardown is to be sent whatever became of the cell, unless the next thing that is
        sent is another cell's setup.
    expressions
        `user_expressions` that go with the cell.
    secret
        For `judge`; never to be sent.
    """

    setup: dict[str, str]
    expressions: dict[str, str]
    teardown: dict[str, str]
    secret: dict[str, Any] = field(repr=False)


# ---------------------------------------------------------------- Before the cell


def prepare(
    token: str,
    source: str,
    *,
    graded: bool = True,
    expected_names: Collection[str] = (),
    trusted_names: Mapping[str, str] | None = None,
    randomness: random.Random | None = None,
) -> Probe:
    """Prepare what goes around a cell whose source is the instructor's.

    Parameters
    ----------
    token
        The one that the kernel's guard was installed with.
    source
        The cell's source, as it will be sent.
    graded
        Whether the cell tests. A locked cell that only defines or prepares something is sent in the same way, with
        False: what it defines is known from then on.
    expected_names
        Names that the instructor's solution binds: a student may, too.
    trusted_names
        Name → import statement, of what the instructor's notebook imports outside locked cells.
    randomness
        Where names and numbers come from; by default the operating system.
    """
    draw = randomness or random.SystemRandom()
    names = {what: f"_{draw.getrandbits(96):024x}" for what in ("note", "see", "mark", "report", "ready", "ended")}
    nonces = [f"{draw.getrandbits(128):032x}" for _ in range(2)]
    arm = {
        "do": "arm",
        "nonce": nonces[0],
        "source": source,
        "graded": graded,
        "expected": sorted(expected_names),
        "trusted": dict(trusted_names or {}),
        "names": {what: names[what] for what in ("note", "see", "mark")},
        "answer": names["ready"],
        "report": names["report"],
    }
    disarm = {"do": "disarm", "nonce": nonces[1], "answer": names["ended"]}
    return Probe(
        setup={"order": request(token, arm), "evidence": names["ready"]},
        expressions={"evidence": names["report"]},
        teardown={"order": request(token, disarm), "evidence": names["ended"]},
        secret={"key": key_of(token).hex(), "nonces": nonces, "graded": graded},
    )


def request(token: str, order: dict[str, Any]) -> str:
    """Write an expression that gives the guard an order."""
    text = json.dumps(order)
    signature = sign(key_of(token), text)
    return f"__import__('sys').audit({event_of(token)!r}, {text!r}, {signature!r})"


# ---------------------------------------------------------------- After the cell


def read(probe: Probe, reply: Mapping[str, Any] | None, nonce: int = 0) -> dict[str, Any] | None:
    """Return what the guard says in a reply; None if it is not the guard that speaks.

    Parameters
    ----------
    reply
        The content of an `execute_reply`.
    nonce
        0 for the answers to the setup and the cell, 1 for the one to the teardown.
    """
    try:
        answer = json.loads(reply["user_expressions"]["evidence"]["data"]["text/plain"])
        values = json.loads(answer["text"])
        is_genuine = is_signed(bytes.fromhex(probe.secret["key"]), answer["text"], answer["signature"])
        if is_genuine and values["nonce"] == probe.secret["nonces"][nonce]:
            return values
    except (KeyError, TypeError, ValueError, AttributeError):
        pass
    return None


def judge(
    probe: Probe,
    reply: Mapping[str, Any] | None,
    outputs: Iterable[Mapping[str, Any]] = (),
    setup_reply: Mapping[str, Any] | None = None,
) -> list[str]:
    """Say why a cell that claims success cannot be believed.

    Parameters
    ----------
    probe
        What `prepare` gave.
    reply
        The content of the cell's `execute_reply`.
    outputs
        The cell's outputs.
    setup_reply
        The content of the reply to the setup.

    Returns
    -------
    list of str
        One sentence for each reason; empty if all is well, or if the cell failed.
    """
    outputs = list(outputs)
    if reply is None or reply.get("status") != "ok" or any(output["output_type"] == "error" for output in outputs):
        return []
    if setup_reply is not None and read(probe, setup_reply) is None:
        return ["the kernel no longer does what it is told: something has taken the place of its own code"]
    report = read(probe, reply)
    if report is None:
        return ["the kernel says that this cell succeeded, but cannot prove that it ran"]
    if not report["prepared"]:
        return []  # not Python; then it has not succeeded either, unless an extension of the instructor's reads it
    reasons = []
    if report["executed"] != report["nodes"]:
        reasons.append("the kernel says that this cell succeeded, but something else was executed in its place")
    if report["done"] != report["statements"] or not report["in_order"]:
        reasons.append("the tests of this cell did not run to their end although the kernel says they did")
    if not report["canary"]:
        reasons.append("a test that fails would not have been seen in this cell")
    return reasons + report["problems"] + judge_value(report, outputs)


def judge_value(report: Mapping[str, Any], outputs: Iterable[Mapping[str, Any]]) -> list[str]:
    """Say whether the value that a cell ends in, which may be points, is the one that is shown."""
    shown = [output for output in outputs if output["output_type"] == "execute_result"]
    if not shown:
        return []
    if len(shown) > 1 or not report["ends_in_value"]:
        return ["a value is shown under this cell that the cell does not end in: nbgrader takes it for points"]
    text = shown[0].get("data", {}).get("text/plain", "")
    text = "".join(text) if isinstance(text, list) else text
    if report["shown"] is None or report["shown"][:100] == text[:100]:
        return []
    try:
        if abs(float(report["shown"]) - float(text)) <= 0.01 * max(1.0, abs(float(text))):
            return []  # `%precision`
    except ValueError:
        pass
    return [f"this cell ends in {report['shown']}, but {text[:40]} is shown: nbgrader takes it for points"]


def findings(probe: Probe, setup_reply: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """List what was put back before a cell, whether or not the cell failed then.

    Returns
    -------
    list of (str, str)
        "tampered" for what serves to hide that a test fails, "note" for what may have other reasons; and a sentence.
    """
    if setup_reply is None:
        return []
    answer = read(probe, setup_reply)
    if answer is None:
        return [
            ("tampered", "the kernel no longer does what it is told: something has taken the place of its own code")
        ]
    if "trouble" in answer:
        return [("tampered", f"the kernel could not be made ready for this cell's tests ({answer['trouble']})")]
    had = "the student's code had"
    sentences = {
        "kernel": ("tampered", f"{had} replaced {{}}, which every test depends on; it was put back"),
        "used": ("tampered", f"{had} replaced {{}}, which this cell uses; it was put back for this cell"),
        "library": ("note", f"{had} replaced {{}}; it was put back for this cell"),
        "callback": ("note", f"{had} registered {{}}; it was left out for this cell"),
        "helper": (
            "tampered",
            f"{had} given the instructor's name {{}} to something else; it was put back for this cell",
        ),
        "name": ("note", f"{had} given Python's name {{}} to something else; it was put back for this cell"),
        "search": ("tampered", "the student's code has {}"),
        "unknown": ("tampered", f"{had} replaced {{}}, of which there is no original"),
    }
    found = [(sentences[kind][0], sentences[kind][1].format(what)) for kind, what in answer["put_back"]]
    return list(dict.fromkeys(found))


def failed_with_points(reply: Mapping[str, Any] | None, outputs: Iterable[Mapping[str, Any]]) -> bool:
    """Tell whether nbgrader would give points for a cell that failed.

    nbgrader reads the first output that is an error, or a value. A student's code can show a value before the error.
    """
    kinds = [output["output_type"] for output in outputs]
    failed = "error" in kinds or (reply is not None and reply.get("status") == "error")
    return failed and "execute_result" in kinds


# ---------------------------------------------------------------- Controls


def control_cells(randomness: random.Random | None = None) -> list[tuple[str, dict[str, str], dict[str, str]]]:
    """Make two cells for the time between cells: one that must fail, and one that must succeed.

    Returns
    -------
    list of (code, expressions, check)
        To be sent silently. `judge_control` takes the check and the reply.
    """
    draw = randomness or random.SystemRandom()
    nonce, one, other = (draw.getrandbits(60) for _ in range(3))
    return [
        (f"raise AssertionError('{nonce}')", {}, {"error": str(nonce)}),
        ("None", {"sum": f"{one} + {other}"}, {"sum": str(one + other)}),
    ]


def judge_control(check: Mapping[str, str], reply: Mapping[str, Any] | None) -> list[str]:
    """Say what the reply to a control cell shows."""
    reply = reply or {}
    if "error" in check:
        if reply.get("status") == "error" and check["error"] in str(reply.get("evalue")):
            return []
        return ["the kernel reported no error for a cell that fails"]
    value = reply.get("user_expressions", {}).get("sum", {})
    if reply.get("status") == "ok" and value.get("data", {}).get("text/plain") == check["sum"]:
        return []
    return ["the kernel did not evaluate a simple sum"]


# ---------------------------------------------------------------- Cells that need nothing of a student's memory


def needs_no_student(source: str, bound_elsewhere: Collection[str] = ()) -> bool:
    """Tell whether a cell uses nothing but Python's own names and what it imports and defines itself.

    Such a cell can be executed once more, in a process that the student's code never entered.

    Parameters
    ----------
    source
        The cell's source.
    bound_elsewhere
        Names that other cells bind; Python's own ones among them do not count as Python's own.
    """
    if re.search(r"^\s*[!%]|=\s*[!%]|\?\s*$", source, re.MULTILINE):
        return False
    if TransformerManager().transform_cell(source).rstrip() != source.strip("\n").rstrip():
        return False
    try:
        tree = ast.parse(source)
        table = symtable.symtable(source, "<cell>", "exec")
    except (SyntaxError, ValueError):
        return False
    used: set[str] = set()
    bound: set[str] = set()
    waiting = [table]
    while waiting:
        scope = waiting.pop()
        for symbol in scope.get_symbols():
            is_outside = scope is table or symbol.is_global()
            if is_outside and symbol.is_referenced():
                used.add(symbol.get_name())
            if is_outside and (symbol.is_assigned() or symbol.is_imported()):
                bound.add(symbol.get_name())
        waiting += scope.get_children()
    stars = {
        node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and any(a.name == "*" for a in node.names)
    }
    python = set(dir(__import__("builtins"))) | {"__name__"}
    if "builtins" not in stars:
        python -= set(bound_elsewhere)
    return not (used & NAMESPACE) and stars <= {"builtins"} and used <= bound | python
