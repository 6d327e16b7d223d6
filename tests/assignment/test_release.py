"""The version for students: up to date, complete, and without a solution, a hidden test or a mark scheme."""

import ast
import filecmp
import re
import subprocess

import nbformat
import pytest

from mlops_course.bundle.secrets import REGIONS, find_leaks, find_secrets
from mlops_course.execution.boundary.cells import make_plan
from tests.assignment.course_copy import ASSIGNMENT, NOTEBOOKS, ROOT, CourseCopy
from tests.assignment.secret_lines import cells_of, files_below, secrets, settings

SOURCE, RELEASE = ROOT / "source" / ASSIGNMENT, ROOT / "release" / ASSIGNMENT
POINTS = {"01_dvc_basics": 20, "02_mlflow_tracking": 26, "03_reproducibility_test": 22, "04_conceptual_questions": 32}


@pytest.fixture(params=NOTEBOOKS)
def notebook(request):
    return request.param


@pytest.fixture
def cells(notebook):
    return cells_of(SOURCE / f"{notebook}.ipynb")


def relative_files(folder):
    """Name all files below a folder, without what a notebook makes when somebody runs it there."""
    names = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return {name.as_posix() for name in names if not {"work", "__pycache__", ".ipynb_checkpoints"} & set(name.parts)}


def test_the_release_is_what_the_source_generates(tmp_path):
    """If this fails: `nbgrader generate_assignment week-09 --force`, look at the difference, commit it."""
    generated = CourseCopy(tmp_path / "course").generate()
    assert relative_files(generated) == relative_files(RELEASE)
    differ = [name for name in relative_files(generated) if not filecmp.cmp(generated / name, RELEASE / name, False)]
    assert differ == []


def leaks(source, release):
    """Say where a student's copy shows what it must not."""
    return find_leaks(
        files_below(release, f"release/{ASSIGNMENT}"), find_secrets(files_below(source, f"source/{ASSIGNMENT}"))
    )


def test_students_see_no_solution_hidden_test_or_mark_scheme():
    assert len(secrets(SOURCE)) > 250
    assert leaks(SOURCE, RELEASE) == []


@pytest.mark.parametrize("kind", REGIONS)
def test_a_leak_would_be_found(tmp_path, kind):
    """One secret line of each kind, put into a student's copy."""
    line = next(line for line, where in secrets(SOURCE).items() if where.endswith(kind.lower()))
    leaking = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(f"x = 1\n    {line}\n")])
    nbformat.write(leaking, tmp_path / "leaking.ipynb")
    assert any(line[:60] in found for found in leaks(SOURCE, tmp_path))


def test_only_the_assignments_files_are_released():
    assert {path.name for path in RELEASE.iterdir()} == {
        *(f"{name}.ipynb" for name in NOTEBOOKS), "checks", "seasons", "start"
    }  # fmt: skip
    for folder in ("checks", "start"):
        assert relative_files(SOURCE / folder) == relative_files(RELEASE / folder)


def test_the_points_add_up_and_the_text_says_so(notebook, cells):
    sums, headings, title = [], [], None
    for cell in cells:
        heading = (
            re.search(r"^###? .*\(([\d.]+) points?\b", cell.source, re.M) if cell.cell_type == "markdown" else None
        )
        if heading and title is None:
            title = float(heading[1])
        elif heading:
            headings.append(float(heading[1]))
            sums.append(0)
        if settings(cell).get("grade"):
            sums[-1] += settings(cell)["points"]
    assert sum(sums) == title == POINTS[notebook]
    assert headings == sums
    assert len(sums) >= 4
    header = " ".join(cell.source for cell in cells_of(ROOT / "source" / "header.ipynb"))
    assert f"`{notebook}` ({POINTS[notebook]})" in header


def test_the_table_at_the_top_repeats_the_headings(cells):
    """Each task stands in the table with the points and minutes of its heading."""
    table = next(cell.source for cell in cells if cell.cell_type == "markdown" and "|---" in cell.source)
    rows = [re.findall(r"\d+", row.split("|", 2)[2]) for row in table.split("\n") if re.match(r"\| *[\w`]*\d", row)]
    headings = [
        re.findall(r"\((\d+) points?, (\d+) minutes", cell.source) for cell in cells if cell.cell_type == "markdown"
    ]
    headings = [found[0] for found in headings if found]
    assert headings
    for points, minutes in headings:
        assert any(row[-2:] == [points, minutes] for row in rows), (points, minutes, rows)


def test_ids_are_readable_and_unique():
    seen = {}
    for path in [ROOT / "source" / "header.ipynb", *sorted(SOURCE.glob("*.ipynb"))]:
        for cell in cells_of(path):
            assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", cell.id), cell.id
            assert cell.id not in seen, f"{cell.id} is in {seen[cell.id]} and in {path.name}"
            seen[cell.id] = path.name
            assert settings(cell).get("grade_id", cell.id) == cell.id


def test_each_grade_cell_is_one_that_nbgrader_scores_right(cells):
    """Ends in a statement, says something when it fails, and lets Run All go on."""
    for cell in cells:
        if cell.cell_type == "code":
            assert "raises-exception" in cell.metadata.tags, cell.id
            assert not cell.outputs
        if not settings(cell).get("grade") or settings(cell)["solution"]:
            continue
        tree = ast.parse(cell.source)
        asserts = [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]
        assert asserts, f"{cell.id} tests nothing"
        assert all(node.msg is not None for node in asserts), f"{cell.id}: an assert without a message"
        visible = re.sub(r"### BEGIN HIDDEN TESTS.*?### END HIDDEN TESTS", "", cell.source, flags=re.S)
        visible_asserts = [node for node in ast.walk(ast.parse(visible)) if isinstance(node, ast.Assert)]
        assert visible_asserts, f"{cell.id}: students see no test"
        for body in (tree.body, ast.parse(visible).body):
            assert not isinstance(body[-1], ast.Expr), f"{cell.id}: the value of its last line would become points"


def misfits(cells):
    """Say which cells are no reading: tests that are long or need the student's kernel, and what is not folded."""
    found = []
    for before, cell in zip([None, *cells], cells, strict=False):
        told = settings(cell)
        if cell.cell_type != "code" or not told.get("locked"):
            continue
        if len(cell.source.splitlines()) > 20:
            found.append(f"{cell.id} has more than 20 lines")
        if "together" in cell.metadata.tags:
            found.append(f"{cell.id} is not separate")
        if not cell.metadata.get("jupyter", {}).get("source_hidden"):
            found.append(f"{cell.id} is not folded")
        if before is None or before.cell_type != "markdown" or "\n" in before.source.strip():
            found.append(f"no line of text says what {cell.id} does")
        if told.get("grade") and f"({told['points']:g} point" not in cell.source.splitlines()[0]:
            found.append(f"the first line of {cell.id} does not say its points")
    return found


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_locked_cells_fit_on_a_screen_and_say_what_they_do(name):
    assert misfits(cells_of(SOURCE / f"{name}.ipynb")) == []


def prepared_by(cells):
    """Say for each test which locked cells the test kernel runs before it."""
    known = {settings(cell)["grade_id"]: cell.source for cell in cells if settings(cell).get("locked")}
    tags = {settings(cell)["grade_id"]: cell.metadata.get("tags", []) for cell in cells if settings(cell).get("locked")}
    plan = make_plan(cells, known, tags)
    return {cells[test].id: {cells[place].id for place in places} for test, places in plan.tests.items()}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_no_test_has_a_tasks_folder_made_new(name):
    """A start cell that binds a name of a test's, by an import even, would run again, in the test kernel."""
    prepared = prepared_by(cells_of(RELEASE / f"{name}.ipynb"))
    assert prepared
    assert set().union(*prepared.values()) == {"set_up"}


def test_a_start_cell_that_a_test_would_run_is_named():
    kinds = {"start_it": {"locked": True}, "it_right": {"locked": True, "grade": True, "points": 1}}
    cells = [
        nbformat.v4.new_code_cell(
            "from checks import given\n", id=name,
            metadata={"tags": [], "nbgrader": {"grade": False, "solution": False, "grade_id": name} | kind},
        )
        for name, kind in kinds.items()
    ]  # fmt: skip
    cells[1].source += "given"
    assert prepared_by(cells) == {"it_right": {"start_it"}}


def test_a_locked_cell_that_does_not_fit_is_named():
    told = {"grade": True, "locked": True, "points": 2, "grade_id": "long"}
    long = nbformat.v4.new_code_cell(
        "# Test (1 point)\n" * 21, id="long", metadata={"nbgrader": told, "tags": ["together"]}
    )
    assert len(misfits([nbformat.v4.new_markdown_cell("one\ntwo"), long])) == 5


def test_no_notebook_imports_the_course(cells):
    for cell in cells:
        assert not re.search(r"^\s*(from|import) (course|mlops_course|tests)\b", cell.source, re.M), cell.id


def test_tasks_have_their_five_parts_in_order(cells):
    """Text, locked start, the student's cell, a cell for trying, tests."""
    solutions = [at for at, cell in enumerate(cells) if settings(cell).get("solution") and cell.cell_type == "code"]
    assert solutions
    for at in solutions:
        task = cells[at].id
        after = [cell for cell in cells[at + 1 :] if cell.cell_type == "code"]
        assert after[0].id == f"try_{task}", task
        assert not settings(after[0])
        assert settings(after[1]).get("grade"), task
        assert any(settings(cell).get("locked") for cell in cells[:at]), task


def test_nothing_of_a_student_is_committed():
    """What nbgrader makes of submissions stays out of Git; only the empty room for graded work is there."""
    rooms = ["autograded", "submitted", "feedback", "exchange", "downloaded", "gradebook.db"]
    done = subprocess.run(["git", "ls-files", *rooms], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["autograded/.gitkeep"]
    ignored = [
        "submitted/ana/week-09/a.ipynb",
        "autograded/ana/a.ipynb",
        "gradebook.db",
        "feedback/a.html",
        "exchange/a",
        "moodle_grades.csv",
    ]
    done = subprocess.run(["git", "check-ignore", "--no-index", *ignored], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split() == ignored
