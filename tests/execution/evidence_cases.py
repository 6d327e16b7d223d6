"""Drive `evidence_kernel.py`, as the one who grades would."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from course.execution import evidence

TOKEN = "0123456789abcdef"


@dataclass
class Cell:
    """A cell: "student" as handed in, "locked" by the instructor, "graded" with tests."""

    source: str
    kind: str = "student"
    expected: tuple[str, ...] = ()
    trusted: dict[str, str] = field(default_factory=dict)


@dataclass
class Outcome:
    """What came of a cell."""

    reply: dict | None
    outputs: list[dict]
    reasons: list[str]
    findings: list[tuple[str, str]]

    @property
    def points(self) -> int:
        """Points that nbgrader gives, of one."""
        for output in self.outputs:
            if output["output_type"] == "error" or output.get("name") == "stderr":
                return 0
            if output["output_type"] == "execute_result":
                try:
                    return float(output["data"]["text/plain"])
                except ValueError:
                    return 1
        return int(self.reply is not None and self.reply["status"] == "ok")


class Kernels:
    """The program, running."""

    def __init__(self, preload: str) -> None:
        command = [sys.executable, str(Path(__file__).with_name("evidence_kernel.py")), preload]
        environment = dict(os.environ, PYDEVD_DISABLE_FILE_VALIDATION="1", NO_COLOR="1")
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        assert self.process.stdout.readline() == "ready\n"

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=20)

    def run(
        self, cells: list[Cell], guarded: bool = True, files: dict[str, str] | None = None, folder: str = ""
    ) -> list[Outcome]:
        """Execute cells and judge those that are the instructor's."""
        steps, probes = [], []
        for cell, following in zip(cells, [*cells[1:], Cell("")], strict=True):
            probe = None
            if guarded and cell.kind != "student":
                probe = evidence.prepare(
                    TOKEN,
                    cell.source,
                    graded=cell.kind == "graded",
                    expected_names=cell.expected,
                    trusted_names=cell.trusted,
                )
                steps.append({"code": "", "silent": True, "expressions": probe.setup})
            steps.append({"code": cell.source, "expressions": probe.expressions if probe else {}})
            if probe and following.kind == "student":  # as `runner.LimitedExecute` does
                steps.append({"code": "", "silent": True, "expressions": probe.teardown})
            probes.append((probe, following.kind))
        request = {"token": TOKEN if guarded else "", "steps": steps, "files": files or {}, "folder": folder}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError("the kernel's process ended")
        answers = ast.literal_eval(line)
        assert isinstance(answers, list), answers["trouble"]
        self.seconds = [(step["code"], answer["seconds"]) for step, answer in zip(steps, answers, strict=True)]
        outcomes, position = [], 0
        for probe, following in probes:
            setup = answers[position] if probe else None
            position += probe is not None
            cell = answers[position]
            position += 1 + (probe is not None and following == "student")
            if probe is None:
                outcomes.append(Outcome(cell["reply"], cell["outputs"], [], []))
                continue
            outcomes.append(
                Outcome(
                    cell["reply"],
                    cell["outputs"],
                    evidence.judge(probe, cell["reply"], cell["outputs"], setup["reply"] or {}),
                    evidence.findings(probe, setup["reply"] or {}),
                )
            )
        return outcomes
