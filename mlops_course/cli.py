"""The `course` command. It only parses and calls; every subcommand's work is in a package of its own."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console

from mlops_course.errors import CourseError
from mlops_course.reproduce.arguments import kind_and_name, seed_range

course_dir_option = click.option(
    "--course-dir",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="The course directory (default: the current folder).",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mlops-course")
def main() -> None:
    """Commands behind the notebooks of week 9, for instructors, CI and curious students."""


@main.command()
@click.argument("notebooks", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="NOTEBOOK...")
@click.option("--seed", type=int, help="Seed of the two executions (default: the notebook's own).")
@click.option("--other-seed", type=int, help="Seed that must change a metric (default: the seed plus one).")
@click.option("--no-other-seed", is_flag=True, help="Leave out the negative control.")
@click.option("--seeds", callback=seed_range, metavar="A-B", help="Execute for every seed from A to B, too.")
@click.option("--vary", multiple=True, type=click.Choice(["threads"]), help="Vary this, too.")
@click.option(
    "--exclude",
    multiple=True,
    callback=kind_and_name,
    metavar="KIND:NAME",
    help="Do not compare, e.g. 'tag:built_*'.",
)
@click.option("--no-diagnosis", is_flag=True, help="Do not search the cause of a difference.")
@click.option(
    "--report",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("reproduce-report"),
    show_default=True,
    help="Folder for report.html, report.json, junit.xml and the executed notebooks.",
)
@click.option("--jobs", type=click.IntRange(min=1), help="Executions at a time (default: cores plus one).")
@click.option("--network", is_flag=True, help="Let notebooks reach other computers.")
@click.option(
    "--timeout", type=click.FloatRange(min=1), default=900, show_default=True, help="Seconds for one execution."
)
def reproduce(
    notebooks: tuple[Path, ...],
    seed: int | None,
    other_seed: int | None,
    no_other_seed: bool,
    seeds: tuple[int, ...],
    vary: tuple[str, ...],
    exclude: tuple[str, ...],
    no_diagnosis: bool,
    folder: Path,
    jobs: int | None,
    timeout: float,
    network: bool,
) -> None:
    """Execute each NOTEBOOK twice through papermill and require identical results.

    The two executions differ in everything that must not matter: working directory, hash seed, time zone, order of
    files and more. A third one, with another seed, must change a metric. Where the two differ, the cause is searched
    by executing again with fewer things varied.

    Each notebook needs a cell tagged `parameters` that sets `seed`, and logs with MLflow to mlflow.db in its folder.

    Exit codes: 0 all hold; 1 one does not; 2 wrong use, or a notebook that cannot be checked.
    """
    from mlops_course.reproduce.check import Options
    from mlops_course.reproduce.report import print_report, write_report
    from mlops_course.reproduce.run import exit_code
    from mlops_course.reproduce.run import reproduce as run_all

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        fail(f"--report {folder}: {problem.strerror}", code=2)
    options = Options(seed, other_seed, not no_other_seed, seeds, vary, exclude, not no_diagnosis)
    try:
        report = run_all(list(notebooks), options, report=folder, jobs=jobs, timeout=timeout, network=network)
        page = write_report(report, folder)
    except CourseError as problem:
        fail(str(problem), code=2)
    except OSError as problem:  # a full disk, above all
        fail(f"{problem.filename or folder}: {problem.strerror or problem}", code=2)
    console = Console()
    print_report(report, console)
    console.print(f"Report: {page}", highlight=False, soft_wrap=True)
    sys.exit(exit_code(report))


@main.command()
@click.argument("assignment")
@click.option(
    "--before",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Copy of gradebook.db from before grading again.",
)
@click.option(
    "--after",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("gradebook.db"),
    show_default=True,
    metavar="FILE",
    help="The gradebook as it is now.",
)
def changes(assignment: str, before: Path, after: Path) -> None:
    """Show whose score of ASSIGNMENT changed since the gradebook was copied.

    For use after repairing a released test: copy gradebook.db, generate and autograde again with --force, then ask.

    Exit codes: 0 the table was printed, whether scores changed or not; 2 a gradebook could not be read.
    """
    from mlops_course.grading.changes import compare, print_changes, read_scores

    with said(before):
        found = compare(read_scores(before, assignment), read_scores(after, assignment))
    print_changes(found, Console())


def grade_own_solution(assignment: str, course_dir: Path, *, sandbox: bool, engine: str) -> NoReturn:
    """Grade the instructor's solution, print what it gets, and exit."""
    from mlops_course.grading.progress import Progress
    from mlops_course.grading.solution import NAME, grade_solution
    from mlops_course.grading.solution_report import print_solved

    try:
        with said(course_dir), Progress() as progress:
            progress.event("total", "", 1)
            progress.event("started", NAME)
            outcome = grade_solution(assignment, course_dir, sandbox=sandbox, engine=engine, on_event=progress.event)
    except KeyboardInterrupt:
        click.echo("course: stopped.", err=True)
        sys.stdout.flush()
        os._exit(130)  # the execution is not waited for; the system ends it with this process
    print_solved(outcome, Console())
    sys.exit(outcome.exit_code)


@main.command()
@click.argument("assignment")
@course_dir_option
@click.option("--student", "students", multiple=True, metavar="ID", help="Grade only this one; may be repeated.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Submissions at a time (default: one for each core; for a larger class, two for each).",
)
@click.option("--force", is_flag=True, help="Grade anew what is graded; go on with such a run that was stopped.")
@click.option("--solution", is_flag=True, help="Grade your own solution instead, before students get the assignment.")
@click.option("--no-sandbox", is_flag=True, help="Let the students' programs run with your rights. Dangerous.")
@click.option("--engine", default="local", show_default=True, metavar="NAME", help="Where to execute; module:function.")
def grade(
    assignment: str,
    course_dir: Path,
    students: tuple[str, ...],
    jobs: int | None,
    force: bool,
    solution: bool,
    no_sandbox: bool,
    engine: str,
) -> None:
    """Grade what was handed in for ASSIGNMENT: as `nbgrader autograde`, in a sandbox and on all cores.

    Works in any course directory of nbgrader. Submissions that are graded and have not changed are kept. A run that was
    stopped, however it was, goes on where it was when the same command is given again. The gradebook is copied to
    .course-grade/backups before each run.

    Writes grading_report.html and grading_report.json into the course directory.

    With --solution: says whether the tests, as they were generated, give your own solution all their points. Nothing
    goes into the gradebook, and no report is written.

    Exit codes: 0 all fine; 1 something needs a look; 2 wrong use; 130 stopped by Ctrl+C.
    """
    if solution:
        if students or jobs or force:
            fail("--solution goes with none of --student, --jobs and --force: it executes your solution once.", code=2)
        return grade_own_solution(assignment, course_dir, sandbox=not no_sandbox, engine=engine)
    gc.disable()  # Python searches all it has loaded for garbage again and again: a tenth of this process's time
    from mlops_course.grading.command import grade as grade_class
    from mlops_course.grading.progress import Progress
    from mlops_course.grading.report import print_report, write_report

    gc.freeze()
    gc.set_threshold(20_000)
    gc.enable()

    try:
        with Progress() as progress:
            outcome = grade_class(
                assignment,
                course_dir,
                students=students,
                jobs=jobs,
                force=force,
                sandbox=not no_sandbox,
                engine=engine,
                on_event=progress.event,
            )
    except KeyboardInterrupt:
        click.echo("course: stopped. What is graded stays; the same command goes on with the rest.", err=True)
        sys.stdout.flush()
        os._exit(130)  # executions are not waited for; the system ends them with this process
    except CourseError as problem:
        fail(str(problem), code=2)
    except OSError as problem:  # a full disk, above all
        place = problem.filename or course_dir
        fail(f"{place}: {problem.strerror or problem}. Mend it; the same command goes on.", code=2)
    console = Console()
    print_report(outcome, console)
    try:
        page = write_report(outcome, Path(outcome.course))
    except OSError as problem:  # the work is done and shown; only the page is missing
        place = problem.filename or outcome.course
        fail(f"{place}: {problem.strerror or problem}. Everything is graded, but there is no report.", code=2)
    console.print(f"Report: {page}", highlight=False, soft_wrap=True)
    sys.exit(outcome.exit_code)


@main.command()
@click.argument("assignment")
@click.option("--student", "students", multiple=True, metavar="ID", help="For this one; may be repeated.")
@click.option("--cell", default="", metavar="NOTEBOOK/CELL", help="For this test.")
@click.option("--points", type=click.FloatRange(min=0), help="Give each of these tests so many points.")
@click.option("--as-tested", is_flag=True, help="Let what the tests gave stand.")
@course_dir_option
def decide(
    assignment: str, students: tuple[str, ...], cell: str, points: float | None, as_tested: bool, course_dir: Path
) -> None:
    """Decide about tests of ASSIGNMENT that need a look: points that a limit or a dead kernel may have cost.

    With --cell alone, for everybody for whom that test waits; with --student alone, for all of theirs that wait.
    Points that you give in formgrader decide, too. The same files keep their decision, also with
    `course grade --force`; to change it, name --student. Work that is handed in anew is looked at anew.

    What cannot be graded at all is settled by --student ID --points 0. A notebook that cannot be read is settled like
    that, too: its tests wait, and the other notebooks are graded.

    Exit codes: 0 decided; 2 nothing there waits for a decision, or wrong use.
    """
    from mlops_course.grading import decide as decision

    if as_tested == (points is not None) or not (students or cell):
        fail("decide: say for what, by --student or --cell or both, and either --points N or --as-tested.", code=2)
    with said(course_dir):
        made = decision.decide(assignment, course_dir, students=students, cell=cell, points=points)
    for one in made:
        click.echo(f"{one.student}: {one.cell or 'the submission as a whole'}: {one.given}")
    click.echo(f"`course grade {assignment}` shows the report as it is now; it keeps what is graded.")


@main.command()
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("w09-students.zip"),
    show_default=True,
    metavar="FILE",
    help="The zip to write; replaced if it is there.",
)
@click.option(
    "--revision",
    metavar="COMMIT",
    help="Take this commit, e.g. HEAD or a tag, whatever is uncommitted (default: the last one, if nothing is).",
)
@click.option(
    "--course-dir",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="The instructor's repository (default: the current folder).",
)
def bundle(output: Path, revision: str | None, course_dir: Path) -> None:
    """Make the students' copy of the course: a zip that works outside Git and gives nothing away.

    Made from a commit, never from what lies around: the same commit gives the same bytes, everywhere. Before anything
    is written, every file is searched for lines of solutions, hidden tests and mark schemes, for data of students, and
    for links that lead to nothing; release/ is compared with what source/ makes.

    Exit codes: 0 written; 1 refused, with the file and the line; 2 wrong use, or it could not be made.
    """
    from mlops_course.bundle.command import RefusedBundleError, make
    from mlops_course.files import write_whole

    if not output.absolute().parent.is_dir():
        fail(f"--output {output}: there is no folder {output.parent}. Make it, or choose another place.", code=2)
    try:
        made = make(course_dir, revision)
        write_whole(output, made.content)
    except RefusedBundleError as problem:
        fail(str(problem), code=1)
    except CourseError as problem:
        fail(str(problem), code=2)
    except OSError as problem:
        fail(f"--output {output}: {problem.strerror or problem}. Choose another place, or make room.", code=2)
    click.echo(f"{output}: {len(made.names)} files, {len(made.content) / 1e6:.1f} MB, from commit {made.commit[:12]}")
    click.echo(f"sha256 {made.digest}")
    click.echo(f"Searched for {made.lines} lines of solutions, hidden tests and mark schemes: none is in it.")
    click.echo(f"Left out: {', '.join(made.left_out)}")
    for assignment in made.unreleased:
        click.echo(f"Not in it: {assignment}, which has no release/{assignment} yet.")


@main.command()
@click.argument("folder", required=False, metavar="[FOLDER]")
@click.option(
    "--zip", "make_zip", is_flag=True, help="Also make FOLDER_STUDENT_ID.zip for a learning management system."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option("--student", metavar="ID", help="Who you are (default: the STUDENT_ID in the notebooks).")
@click.option("--as-graded", is_flag=True, help="Run the notebooks as grading does, and say which tests pass.")
def check(folder: str | None, make_zip: bool, as_json: bool, student: str | None, as_graded: bool) -> None:
    """Say which deliverables of an assignment are there, and what to do next.

    FOLDER is the assignment as you have it; by default week-09, here or in the course's folder, or else
    release/week-09. Nothing is executed: the saved notebooks are read, and what their last run left. So run all
    cells and save before you ask. "there" means that every test you can see passes; grading has further ones.

    Packages in other versions than the course's are named, but do not count as missing.

    With --as-graded: executes a copy of FOLDER from top to bottom, tests in a kernel of their own, and says of each
    test that you can see whether it passes so, and if not, what separates that from the run in which it does. It
    takes as long as the notebooks do, and needs Linux.

    Exit codes: 0 everything is there; 1 something is missing, wrong, not run yet, or too large for the zip; 2 wrong
    use, or the zip could not be made.
    """
    from dataclasses import replace

    from mlops_course.check.check import check as look
    from mlops_course.check.locate import assignment_folder, course_folder
    from mlops_course.check.report import print_report, to_json

    here = Path.cwd()
    if as_graded:
        if make_zip or as_json or student:
            fail("--as-graded goes with none of --zip, --json and --student: it only runs the notebooks.", code=2)
        from mlops_course.check.as_graded import run_and_print

        with said(folder):
            sys.exit(0 if run_and_print(folder, here) else 1)
    trouble, code = "", 2
    with said(folder):
        place = assignment_folder(folder, here)
        root = course_folder(place)
        report = look(place, root, student)
        if make_zip:
            from mlops_course.check.pack import IncompleteError, pack

            try:
                report = replace(report, packed=pack(place, report.student, root, here))
            except CourseError as problem:  # the report is worth reading all the same
                trouble, code = str(problem), 1 if isinstance(problem, IncompleteError) else 2
    if as_json:
        click.echo(to_json(report))
    else:
        print_report(report, Console(), here)
    if trouble:
        fail(f"no zip: {trouble}", code=code)
    sys.exit(0 if report.complete else 1)


@contextmanager
def said(place: object) -> Iterator[None]:
    """End with one line if something cannot be done at a place."""
    try:
        yield
    except CourseError as problem:
        fail(str(problem), code=2)
    except OSError as problem:
        fail(f"{problem.filename or place}: {problem.strerror or problem}", code=2)


def fail(message: str, *, code: int) -> None:
    """End with one line on stderr."""
    click.echo(f"course: {message}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
