"""Attacks by what is handed in: notebooks changed in an editor for JSON, files, links, names, archives."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import nbformat

from tests.attacks.attack import LEFT, PRINT_REACHED, REACHED, Attack, Site, both, changed, code
from tests.attacks.course import ASSIGNMENT, GRADEBOOK, NEIGHBOUR, SOLUTION

RIGHT = "def square(number):\n    return number * number"


def cell(notebook: Any, name: str) -> Any:
    """Find a cell by its id."""
    return next(one for one in notebook.cells if one.id == name)


def graded(notebook: Any) -> list[Any]:
    """List the grade cells that hold code."""
    return [one for one in notebook.cells if one.cell_type == "code" and one.metadata.nbgrader.grade]


def forge_outputs(notebook: Any) -> None:
    """Put outputs of a good run into every grade cell."""
    for number, one in enumerate(graded(notebook), 1):
        one.execution_count = number
        data = {"text/plain": str(one.metadata.nbgrader.points)}
        one.outputs = [nbformat.v4.new_output("execute_result", data=data, execution_count=number)]


def edit_tests(notebook: Any) -> None:
    """Empty every grade cell."""
    for one in graded(notebook):
        one.source = "pass"


def delete_tests(notebook: Any) -> None:
    """Delete every grade cell."""
    gone = {one.id for one in graded(notebook)}
    notebook.cells = [one for one in notebook.cells if one.id not in gone]


def duplicate_test(notebook: Any) -> None:
    """Put an empty copy of a grade cell behind it."""
    original = cell(notebook, "squares")
    twin = copy.deepcopy(original)
    twin.source = "pass"
    notebook.cells.insert(notebook.cells.index(original) + 1, twin)


def duplicate_everything(notebook: Any) -> None:
    """Have every cell twice, with equal ids."""
    notebook.cells = [*notebook.cells, *copy.deepcopy(notebook.cells)]


def tests_to_markdown(notebook: Any) -> None:
    """Turn grade cells into text."""
    for place, one in enumerate(notebook.cells):
        if one in graded(notebook):
            metadata = copy.deepcopy(one.metadata)
            notebook.cells[place] = nbformat.v4.new_markdown_cell(one.source, id=one.id, metadata=metadata)


def tests_to_raw(notebook: Any) -> None:
    """Turn grade cells into raw cells."""
    for place, one in enumerate(notebook.cells):
        if one in graded(notebook):
            metadata = copy.deepcopy(one.metadata)
            notebook.cells[place] = nbformat.v4.new_raw_cell(one.source, id=one.id, metadata=metadata)


def skip_tests(notebook: Any) -> None:
    """Tag grade cells so that they are not executed."""
    for one in graded(notebook):
        one.metadata.tags = ["skip-execution"]


def in_metadata(**settings: Any):
    """Change what nbgrader has written into grade cells."""

    def change(notebook: Any) -> None:
        for one in graded(notebook):
            one.metadata.nbgrader.update(settings)

    return change


def answer_is_graded(notebook: Any) -> None:
    """Make an answer a grade cell, worth 100 points."""
    cell(notebook, "square").metadata.nbgrader.update(grade=True, points=100)


def grade_ids_swapped(notebook: Any) -> None:
    """Give the instructor's helper, which always runs, the id of a test, and the test another."""
    test = cell(notebook, "squares")
    helper = cell(notebook, "tools")
    test.metadata.nbgrader, helper.metadata.nbgrader = helper.metadata.nbgrader, test.metadata.nbgrader


def other_kernel(notebook: Any) -> None:
    """Name another kernel, and a command for one."""
    notebook.metadata.kernelspec = {"name": "bash", "display_name": "bash", "language": "bash", "argv": ["touch", LEFT]}
    notebook.metadata.language_info = {"name": "bash"}


def strange_metadata(notebook: Any) -> None:
    """Put widgets, attachments and settings of other tools into the notebook."""
    notebook.metadata.widgets = {"application/vnd.jupyter.widget-state+json": {"state": {"a": {"state": 5}}}}
    notebook.metadata.nbconvert = {"allow_errors": False}
    notebook.metadata.papermill = {"parameters": {"timeout": 0}}
    notebook.metadata.celltoolbar = "<script>"
    cell(notebook, "why").attachments = {"a.svg": {"image/svg+xml": "PHN2Zy8+"}}
    cell(notebook, "why").source = "![a](attachment:a.svg)"


def script_in_text(notebook: Any) -> None:
    """Write a script into the answer that a person reads."""
    cell(notebook, "why").source = f'<img src="x" onerror="alert(\'{LEFT}\')"><script>window.a = "{LEFT}"</script>'


def many_cells(notebook: Any) -> None:
    """Add a hundred thousand empty cells."""
    for number in range(100_000):
        notebook.cells.append(nbformat.v4.new_markdown_cell("", id=f"more{number}"))


def many_code_cells(notebook: Any) -> None:
    """Add two thousand cells that print."""
    for number in range(2_000):
        notebook.cells.append(nbformat.v4.new_code_cell("print(1)", id=f"more{number}"))


def tests_first(notebook: Any) -> None:
    """Put the grade cells in front of the instructor's helper, and a cell that fakes it before them."""
    tests = graded(notebook)
    rest = [one for one in notebook.cells if one not in tests]
    fake = nbformat.v4.new_code_cell("check_close = print\n\ndef mean(numbers):\n    return 0", id="fake")
    notebook.cells = [fake, *tests, *rest]


def text_instead(text: str | bytes):
    """Hand in a file that is no notebook."""

    def write(site: Site, folder: Path) -> None:
        content = text.encode() if isinstance(text, str) else text
        (folder / "functions.ipynb").write_bytes(content)

    return write


def deep_json(site: Site, folder: Path) -> None:
    """Hand in a notebook with metadata nested very deeply."""
    handed_in = json.loads(nbformat.v4.writes_json(site.released("functions")))
    text = json.dumps(handed_in)
    deep = "[" * 100_000 + "]" * 100_000
    (folder / "functions.ipynb").write_text(text.replace('"metadata": {}', f'"metadata": {{"deep": {deep}}}', 1))


def rather_deep_json(site: Site, folder: Path) -> None:
    """Hand in a notebook that can be read and not written: nested 600 levels."""
    handed_in = site.released("functions")
    deep: list[Any] = []
    for _ in range(600):
        deep = [deep]
    handed_in.cells[0].metadata["deep"] = deep
    (folder / "functions.ipynb").write_text(json.dumps(handed_in))


def link_to(name: str, target: str):
    """Hand in a symbolic link."""

    def write(site: Site, folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(site.fill_in(target))

    return write


def pipe(name: str):
    """Hand in a named pipe: who opens it waits for ever."""

    def write(site: Site, folder: Path) -> None:
        os.mkfifo(folder / name)

    return write


def strange_names(site: Site, folder: Path) -> None:
    """Hand in files whose names mean something to shells, terminals, pages, and other systems."""
    names = [b"$(touch attack-left-this)", b"-rf", b"a\nb.txt", b"\x1b[2J.txt", b"\xff\xfe.txt", b"a" * 250, b"..."]
    names += [
        "\u202ecipy.txt".encode(),
        b"<img src=x onerror=alert(1)>.txt",
        b"{course_id}",
        b"%s%n",
        b"a\\..\\b",
        b"CON",
    ]
    for name in names:
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_text("hello")


def one_huge_file(site: Site, folder: Path) -> None:
    """Hand in a file that says it has many bytes, and takes no room on disk."""
    with (folder / "data.bin").open("wb") as file:
        file.truncate(1_200_000_000 if site.full else 300_000_000)


def many_files(site: Site, folder: Path) -> None:
    """Hand in many small files in deep folders."""
    deep = folder.joinpath(*(["deep"] * 60))
    deep.mkdir(parents=True)
    for number in range(3_000):
        (folder / f"file{number}.txt").write_text("x")
    (deep / "end.txt").write_text("x")


def written(name: str, content: str):
    """Hand in one more file."""

    def write(site: Site, folder: Path) -> None:
        (folder / name).write_text(site.fill_in(content))

    return write


READ_LINK = f"""
from pathlib import Path

for path in sorted(Path(".").rglob("*")):
    if path.suffix in (".txt", ".csv") or path.name == "linked":
        try:
            print(path.read_bytes().decode(errors="replace"))
        except OSError as problem:
            print(problem)
if Path("linked").is_symlink() and Path("linked").exists():
    {PRINT_REACHED}
"""

TESTS = ("squares", "total_is_right", "three_names", "mean_is_close", "vowels_counted")
PUT_BACK = "nbgrader puts the cell back as it was in the version for students"

ATTACKS = [
    Attack(
        "outputs_forged",
        "Outputs and execution counts of a good run are in the file.",
        changed("functions", forge_outputs),
        aims=TESTS,
        why_not="nbgrader deletes all outputs before it executes",
    ),
    Attack(
        "tests_edited",
        "Grade cells are empty.",
        changed("functions", edit_tests),
        aims=TESTS,
        why_not=PUT_BACK,
    ),
    Attack(
        "tests_deleted",
        "Grade cells are deleted.",
        changed("functions", delete_tests),
        aims=TESTS,
        why_not="a test that is not there gives no points, although it does not count as failed either",
    ),
    Attack(
        "test_duplicated",
        "An empty copy of a grade cell, with the same id, follows it.",
        changed("functions", duplicate_test),
        harms=("loss",),
    ),
    Attack(
        "everything_duplicated",
        "Every cell is there twice.",
        changed("functions", duplicate_everything),
        aims=TESTS,
        why_not="the first copy of each loses its metadata",
    ),
    Attack(
        "tests_as_text",
        "Grade cells are turned into markdown.",
        changed("functions", tests_to_markdown),
        aims=TESTS,
        why_not=PUT_BACK,
    ),
    Attack(
        "tests_as_raw",
        "Grade cells are turned into raw cells.",
        changed("functions", tests_to_raw),
        aims=TESTS,
        why_not=PUT_BACK,
    ),
    Attack(
        "skip_execution",
        "Grade cells have the tag `skip-execution`: not executed, no error, full marks.",
        changed("functions", skip_tests),
        aims=TESTS,
    ),
    Attack(
        "points_raised",
        "Grade cells say that they are worth 100 points each, and a right answer is given.",
        both(
            code("functions", RIGHT),
            lambda site, folder: _edit(folder, in_metadata(points=100)),
        ),
        earned={"squares": 2},
        exact=True,
        aims=("squares",),
        why_not=PUT_BACK,
    ),
    Attack(
        "graded_by_hand",
        "Grade cells say that a person grades them.",
        changed("functions", in_metadata(solution=True)),
        harms=("loss",),
    ),
    Attack(
        "not_graded",
        "Grade cells say that they are not to be graded.",
        changed("functions", in_metadata(grade=False, locked=False)),
        harms=("loss",),
    ),
    Attack(
        "schema_of_the_future",
        "Grade cells claim a metadata format of a later nbgrader: the whole class's grading stops.",
        changed("functions", in_metadata(schema_version=99)),
        harms=("batch",),
    ),
    Attack(
        "schema_of_the_past",
        "Grade cells claim a metadata format of an early nbgrader: the whole class's grading stops.",
        changed("functions", in_metadata(schema_version=1)),
        harms=("batch",),
    ),
    Attack(
        "answer_graded",
        "An answer says that it is a grade cell worth 100 points.",
        changed("functions", answer_is_graded),
        harms=("loss",),
    ),
    Attack(
        "ids_swapped",
        "The instructor's helper has the id of a test, and the test that of the helper.",
        changed("functions", grade_ids_swapped),
        aims=("squares",),
        why_not="the text of each comes back by its id",
    ),
    Attack(
        "tests_first",
        "Grade cells stand before the instructor's helper, after a fake one.",
        changed("functions", tests_first),
        aims=("mean_is_close",),
    ),
    Attack(
        "other_kernel",
        "The notebook names another kernel and a command for it.",
        changed("functions", other_kernel),
        harms=("course",),
        why_not="nbgrader puts the kernel of the version for students back",
    ),
    Attack(
        "strange_metadata",
        "Widgets' states, attachments and settings of other tools.",
        changed("functions", strange_metadata),
        harms=("loss",),
        why_not="nothing reads them while grading",
    ),
    Attack(
        "script_in_output",
        "An output contains a script; it would run with the rights of whoever looks at it in formgrader.",
        code(
            "functions",
            f"""
            from IPython.display import HTML, Javascript, display

            display(HTML("<script>window.a = '{LEFT}'</script><img src=x onerror='window.b = \\"{LEFT}\\"'>"))
            display(Javascript("window.c = '{LEFT}'"))
            """,
        ),
        harms=("script",),
    ),
    Attack(
        "script_in_text",
        "A written answer contains a script.",
        changed("functions", script_in_text),
        harms=("script",),
    ),
    Attack(
        "script_in_error",
        "The name and the message of an exception contain a script.",
        code(
            "functions",
            f"raise type('<img src=x onerror=alert(\"{LEFT}\")>', (Exception,), {{}})('<script>\"{LEFT}\"</script>')",
        ),
        harms=("script",),
        why_not="the feedback page escapes errors",
    ),
    Attack(
        "many_cells",
        "A hundred thousand empty cells.",
        changed("functions", many_cells),
        harms=("loss",),
        on_stock=False,
        why_not="not tried there: a minute for nothing but reading and writing; it finishes",
    ),
    Attack(
        "many_code_cells",
        "Two thousand cells of code.",
        changed("functions", many_code_cells),
        harms=("loss",),
        on_stock=False,
        why_not="not tried there: takes a minute and finishes",
    ),
    Attack(
        "deep_json",
        "Metadata nested a hundred thousand levels deep.",
        deep_json,
        harms=("loss",),
    ),
    Attack(
        "rather_deep_json",
        "Metadata nested 600 levels deep: it can be read, and copying or writing it fails.",
        rather_deep_json,
        harms=("loss",),
    ),
    Attack("no_json", "The notebook is a picture.", text_instead(b"\x89PNG\r\n\x1a\n" + bytes(1000)), harms=("loss",)),
    Attack("empty_file", "The notebook is empty.", text_instead(""), harms=("loss",)),
    Attack(
        "no_cells",
        "The notebook has no cells.",
        text_instead('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'),
        aims=TESTS,
        why_not="tests that are not there give no points",
    ),
    Attack(
        "format_of_the_future",
        "The notebook claims the format 99.",
        text_instead('{"cells": [], "metadata": {}, "nbformat": 99, "nbformat_minor": 0}'),
        harms=("loss",),
    ),
    Attack(
        "wrong_types",
        "Cells whose source is a number and whose metadata is a list.",
        text_instead(
            '{"cells": [{"cell_type": "code", "source": 5, "metadata": [], "outputs": 7}, 8],'
            ' "metadata": {"kernelspec": "x"}, "nbformat": 4, "nbformat_minor": 5}'
        ),
        harms=("loss",),
    ),
    Attack(
        "notebook_linked",
        "The notebook is a symbolic link to the instructor's version: full marks for the solutions.",
        link_to("functions.ipynb", f"../../../source/{ASSIGNMENT}/functions.ipynb"),
        aims=TESTS,
    ),
    Attack(
        "neighbour_linked",
        "The notebook is a symbolic link to another student's.",
        link_to("functions.ipynb", f"../../$neighbour/{ASSIGNMENT}/functions.ipynb"),
        aims=TESTS,
    ),
    Attack(
        "file_linked",
        "Files of the submission are symbolic links to the gradebook and to another student's notes.",
        both(
            code("functions", READ_LINK),
            link_to("gradebook.csv", "../../../gradebook.db"),
            link_to("a_notes.txt", f"../../$neighbour/{ASSIGNMENT}/private_notes.txt"),
        ),
        leaks=(NEIGHBOUR, GRADEBOOK),
    ),
    Attack(
        "folder_linked",
        "A folder of the submission is a symbolic link to the instructor's.",
        both(
            code(
                "functions",
                """
                from pathlib import Path

                for path in Path("more").glob("*/*.ipynb"):
                    print(path.read_text())
                """,
            ),
            link_to("more", "../../../source"),
        ),
        leaks=(SOLUTION,),
        why_not="nbgrader does not copy links to folders",
    ),
    Attack(
        "written_through_link",
        "A symbolic link leads out of the folder to the instructor's file; the notebook writes to it.",
        both(
            code("functions", 'open("out.txt", "w").write("gone")'),
            link_to("out.txt", f"$course/source/{ASSIGNMENT}/table.csv"),
        ),
        harms=("course",),
        why_not="nbgrader copies what the link leads to",
    ),
    Attack(
        "link_made_while_running",
        "The notebook replaces its own file by a link to the gradebook: what is written there later goes through it.",
        code(
            "functions",
            """
            import os
            from pathlib import Path

            os.remove("functions.ipynb")
            os.symlink("$course/source/hw/table.csv", "functions.ipynb")
            """,
        ),
        harms=("course",),
    ),
    Attack(
        "notebook_is_a_pipe",
        "The notebook is a named pipe: reading it never ends, and the class's grading stands still.",
        pipe("functions.ipynb"),
        harms=("batch",),
    ),
    Attack(
        "file_is_a_pipe",
        "One of the files is a named pipe.",
        both(code("functions", RIGHT), pipe("data.txt")),
        earned={"squares": 2},
        exact=True,
        harms=("loss",),
    ),
    Attack(
        "strange_names",
        "Files with names that shells, terminals, pages or other systems take for something else.",
        both(code("functions", RIGHT), strange_names),
        earned={"squares": 2},
        exact=True,
        harms=("loss", "course"),
        why_not="nbgrader copies them as they are",
    ),
    Attack(
        "one_huge_file",
        "A file that takes no room on disk and says it has a gigabyte.",
        both(code("functions", PRINT_REACHED), one_huge_file),
        leaks=(REACHED,),
        earned={},
    ),
    Attack(
        "many_files",
        "Three thousand files, and a folder in a folder in a folder.",
        both(code("functions", RIGHT), many_files),
        earned={"squares": 2},
        exact=True,
        harms=("loss",),
        why_not="nbgrader copies them as they are",
    ),
    Attack(
        "no_time",
        "The time of handing in is not a time.",
        both(code("functions", RIGHT), written("timestamp.txt", "whenever")),
        earned={"squares": 2},
        harms=("loss",),
    ),
    Attack(
        "shipped_file_replaced",
        "The file with the expected values is handed in with others.",
        both(
            code("data", "pass", means="def column_means(table):\n    return [0, 0]"),
            written("expected.json", "[0, 0]"),
        ),
        aims=("means_of_columns",),
        why_not="nbgrader puts the files of the assignment back before it executes",
    ),
]


def _edit(folder: Path, change: Any) -> None:
    """Change a notebook that lies there already."""
    path = folder / "functions.ipynb"
    notebook = nbformat.read(path, as_version=4)
    change(notebook)
    path.write_text(nbformat.v4.writes_json(notebook))
