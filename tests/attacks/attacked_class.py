"""A class of attackers and honest students, graded in one go, and what is wrong with the outcome.

As a program, it grades with `course grade`: `python -m tests.attacks.attacked_class [NAME ...] [-NAME ...]`.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.attacks import corpus, course, traces
from tests.attacks.attack import LEFT, Attack, Site, hand_in, honest
from tests.attacks.course import ASSIGNMENT, GRADEBOOK, HOST, NEIGHBOUR, NETWORK, SECRET, SOLUTION

# Nothing of these is in a submission: whoever shows one has read it where it should not be read.
SECRETS = (SOLUTION, GRADEBOOK, NEIGHBOUR, HOST, SECRET, NETWORK)

# The course has nbgrader's own preprocessors, but for what executes, with tests in a kernel of their own; what its pages
# would execute is taken out as in ours.
PROTECTED = """
from nbgrader.converters import Autograde
from nbgrader.preprocessors import Execute

from mlops_course.grading.preprocessors import SandboxedExecute
from mlops_course.grading.scripts import DisarmScripts

c.SandboxedExecute.separate_tests = True
c.Autograde.autograde_preprocessors = [
    *(SandboxedExecute if one is Execute else one
      for one in Autograde.class_traits()["autograde_preprocessors"].default()),
    DisarmScripts,
]
"""

FLAGS = {"limit", "died", "problem"}


@dataclass(frozen=True)
class AttackedClass:
    """A class that was graded.

    Attributes
    ----------
    site
        Where.
    attacks, notebooks
        Who attacked, and the notebooks of the assignment.
    exit_code, said
        Of the command that graded.
    harms
        What has changed that must not: see `tests.attacks.stock.HARMS`.
    report
        What `grading_report.json` says; None if there is none.
    """

    site: Site
    attacks: tuple[Attack, ...]
    notebooks: tuple[str, ...]
    exit_code: int
    said: str
    harms: frozenset[str]
    report: dict[str, Any] | None
    seconds: float

    def outcome(self, student: str) -> dict[str, Any]:
        """Give what the report says of a student."""
        every = (self.report or {}).get("outcomes", [])
        return next((one for one in every if one["student"] == student), {})


def course_grade(site: Site) -> tuple[int, str]:
    """Grade with our command; give its exit code and what it said."""
    command = [
        sys.executable,
        "-m",
        "mlops_course.cli",
        "grade",
        ASSIGNMENT,
        "--course-dir",
        str(site.course),
        "--jobs",
        "2",
    ]
    root = Path(__file__).resolve().parents[2]
    variables = course.variables(site.home) | {"COLUMNS": "200"}
    done = subprocess.run(command, cwd=root, env=variables, capture_output=True, text=True, timeout=1500)
    return done.returncode, done.stdout + done.stderr


def plain_nbgrader(site: Site) -> tuple[int, str]:
    """Grade with nbgrader's own command, as a control."""
    try:
        return 0, course.nbgrader(site.course, "autograde", ASSIGNMENT, home=site.home)
    except RuntimeError as problem:
        return 1, str(problem)


@contextlib.contextmanager
def graded(
    attacks: tuple[Attack, ...],
    *,
    notebooks: tuple[str, ...] = course.NOTEBOOKS,
    seconds: int = 20,
    grade: Any = course_grade,
) -> Iterator[AttackedClass]:
    """Build a class, grade it, make the feedback.

    Parameters
    ----------
    attacks
        Who attacks; three honest students are added.
    notebooks
        Those of the assignment.
    seconds
        Time for one cell.
    grade
        What grades.
    """
    folder = Path(tempfile.mkdtemp(dir=traces.OUTSIDE))
    try:
        with traces.listening() as listener:
            home = traces.make_home(folder / "home")
            built = course.build(folder / "course", notebooks=notebooks, seconds=seconds)
            left = f"{LEFT}-{uuid.uuid4().hex[:8]}"
            if grade is course_grade:
                with (built / "nbgrader_config.py").open("a") as file:
                    file.write(PROTECTED)
            site = Site(built, home, listener.address, listener.port, left, "honest-full", full=grade is course_grade)
            for student in corpus.HONEST:
                hand_in(site, student, honest(corpus.honest_answers(built, student, notebooks)))
            for attack in attacks:
                for student in attack.students:
                    hand_in(site, student, attack.hand_in)
            before = traces.take(site)
            started = time.monotonic()
            exit_code, said = grade(site)
            seconds_taken = time.monotonic() - started
            harms = traces.compare(before, traces.take(site))
            traces.clean(site)
            page = built / "grading_report.json"
            report = json.loads(page.read_text()) if page.exists() else None
            with contextlib.suppress(RuntimeError):  # what it cannot render must not hide the rest
                course.nbgrader(built, "generate_feedback", ASSIGNMENT, home=home)
            yield AttackedClass(
                site, tuple(attacks), notebooks, exit_code, said, frozenset(harms), report, seconds_taken
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def complaints(result: AttackedClass) -> list[str]:
    """Say everything that is wrong; nothing if no attack has succeeded and the honest have what they earned."""
    found = [f"the class: {harm}" for harm in sorted(result.harms)]
    if result.exit_code not in (0, 1):
        found.append(f"the class: exit code {result.exit_code} ({result.said[-500:]})")
    for student in corpus.HONEST:
        found += [f"{student}: {what}" for what in about_honest(result, student)]
    for attack in result.attacks:
        for student in attack.students:
            found += [f"{student}: {what}" for what in about_attack(result, attack, student)]
    return found + [f"the report: {what}" for what in about_report(result)]


def about_honest(result: AttackedClass, student: str) -> Iterator[str]:
    """Compare an honest student's points with those that plain nbgrader gives."""
    expected = corpus.honest_points(student, result.notebooks)
    got = traces.points(result.site, student)
    if got != expected:
        wrong = {cell: (got.get(cell), points) for cell, points in expected.items() if got.get(cell) != points}
        yield f"has other points than plain nbgrader gives (cell: has, should have): {wrong}"
    flags = [one for one in result.outcome(student).get("findings", []) if one["kind"] != "note"]
    if flags:
        yield f"is flagged: {flags}"


def about_attack(result: AttackedClass, attack: Attack, student: str) -> Iterator[str]:
    """Look for points that were not earned, for what was shown, for flags that are missing."""
    got = traces.points(result.site, student)
    if attack.exact and any(got.get(cell) != points for cell, points in attack.earned.items()):
        yield f"has {got or 'no points'}, earned {attack.earned}"
    for cell, points in got.items():
        earned = attack.earned.get(cell, 0)
        if (points or 0) > earned and not attack.known:
            yield f"has {points} points for {cell}, earned {earned}"
    shown = traces.outputs(traces.graded_folder(result.site, student))
    pages = [path.read_text() for path in (result.site.course / "feedback" / student).rglob("*.html")]
    for marker in dict.fromkeys((*attack.leaks, *SECRETS)):
        if marker in shown:
            yield f"shows {marker}"
        elif marker in SECRETS and any(marker in page for page in pages):
            yield f"shows {marker} in the feedback"
    if any(traces.has_script(page) for page in pages):
        yield "has a script in the feedback"
    outcome = result.outcome(student)
    if not outcome:
        yield "is not in the report"
    elif attack.flag and outcome["status"] != "failed" and not any(map(tells, outcome["findings"])):
        yield f"is not flagged; findings: {outcome['findings']}, trouble: {outcome['trouble']!r}"


def tells(finding: dict[str, Any]) -> bool:
    """Tell whether a finding is about what a submission has done, not about what is missing in it."""
    return finding["kind"] in FLAGS or (finding["kind"] == "note" and finding["cell"] is not None)


def about_report(result: AttackedClass) -> Iterator[str]:
    """Look for what students wrote in the page for the instructor."""
    page = result.site.course / "grading_report.html"
    if not page.exists():
        yield "there is none"
    elif traces.has_script(page.read_text()) or "<img src=x" in page.read_text():
        yield "contains a script"


def main(arguments: list[str]) -> None:
    """Grade with our command and print what is wrong; names after `-` are left out."""
    names = [name for name in arguments if not name.startswith("-")]
    left_out = [name[1:] for name in arguments if name.startswith("-")]
    wanted = names or [attack.name for attack in corpus.ATTACKS]
    chosen = tuple(attack for attack in corpus.ATTACKS if attack.name in wanted and attack.name not in left_out)
    with graded(chosen) as result:
        if names:
            print(result.said)
            for attack in chosen:
                for student in attack.students:
                    print(student, traces.points(result.site, student))
                    print(json.dumps(result.outcome(student).get("findings"), indent=1))
                    print(traces.outputs(traces.graded_folder(result.site, student))[:3000])
        print("\n".join(complaints(result)))
        print(f"{len(chosen)} attacks, {result.seconds:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
