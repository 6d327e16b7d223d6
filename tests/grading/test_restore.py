"""Cells are found again, whatever an editor or a student did to them."""

import copy
import random

import nbformat
import pytest

from mlops_course.grading.restore import as_graded, grade_id, in_order, recognise, restore
from tests.grading.conftest import doubling


@pytest.fixture
def released():
    cells = [
        nbformat.v4.new_markdown_cell("# Rules", id="rules"),
        nbformat.v4.new_code_cell('STUDENT_ID = ""', id="student"),
        *doubling(),
    ]
    for cell in cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = cell.source.split("\n")[0] + "\n    # YOUR CODE HERE"
    return cells


@pytest.fixture
def submitted(released):
    """The same cells, with answers."""
    cells = copy.deepcopy(released)
    find(cells, "double").source = "def double(number):\n    return number + number"
    find(cells, "triple").source = "def triple(number):\n    return number + number + number"
    return cells


def find(cells, name):
    return next(cell for cell in cells if cell.get("id") == name)


def known(cells):
    """Give id and text of the cells that nbgrader would see."""
    return [
        (cell.metadata["nbgrader"]["grade_id"], cell.source)
        for cell in cells
        if cell.metadata.get("nbgrader", {}).get("grade_id")
    ]


def test_an_untouched_notebook_stays_as_it_is(submitted, released):
    cells, notes = restore(submitted, released)
    assert cells == submitted
    assert notes == []


@pytest.mark.parametrize("name", ["start_double", "double", "doubles", "triple", "triples"])
def test_a_deleted_cell_is_put_back_in_its_place(submitted, released, name):
    wanted = [grade_id for grade_id, _ in known(released)]
    cells, notes = restore([cell for cell in submitted if cell.id != name], released)
    assert [grade_id for grade_id, _ in known(cells)] == wanted
    assert find(cells, name).source == find(released, name).source
    assert notes == [f"the cell '{name}' was deleted; it was put back"]


def test_a_deleted_cell_comes_back_below_its_heading(submitted, released):
    """Validate names a task by the heading above its cells."""
    heading = nbformat.v4.new_markdown_cell("### Task 1", id="heading")
    at = next(position for position, cell in enumerate(released) if cell.id == "double")
    released.insert(at, heading)
    submitted.insert(at, copy.deepcopy(heading))
    del submitted[at + 1]
    for other in ("heading", "renamed"):
        submitted[at].id = other
        cells, _ = restore(submitted, released)
        assert [cell.id for cell in cells[at : at + 2]] == [other, "double"]


def test_all_deleted(submitted, released):
    """nbgrader itself ends with a KeyError here, and the submission is lost."""
    cells, notes = restore([cell for cell in submitted if cell.id in ("rules", "student")], released)
    assert known(cells) == known(released)
    assert len(notes) == 5


def test_metadata_dropped_but_ids_kept(submitted, released):
    stripped = copy.deepcopy(submitted)
    for cell in stripped:
        cell.metadata = nbformat.NotebookNode()
    cells, notes = restore(stripped, released)
    assert known(cells) == known(submitted)
    assert notes == ["an editor had removed what nbgrader needs from 5 cells; they were found again"]


def test_metadata_and_ids_dropped_and_cells_added(submitted, released):
    stripped = copy.deepcopy(submitted)
    for cell in stripped:
        cell.metadata = nbformat.NotebookNode()
        del cell["id"]
    trying = nbformat.v4.new_code_cell("print(double(8))")
    del trying["id"]
    position = next(at for at, cell in enumerate(stripped) if "return number + number\n" in cell.source + "\n")
    stripped.insert(position + 1, trying)
    stripped.insert(position, copy.deepcopy(trying))
    cells, _ = restore(stripped, released)
    assert known(cells) == known(submitted)
    assert not any("id" in cell for cell in cells), "a notebook of an old format has no ids, and may have none"


def test_a_stranger_is_no_assignment(released):
    """Nothing of the assignment is in it: its cells are not taken for answers because of their place."""
    stranger = [nbformat.v4.new_code_cell("print('a lesson')"), nbformat.v4.new_code_cell("x = 1")]
    cells, found, notes = recognise(stranger, released)
    assert (found, notes) == ({}, [])
    assert cells == stranger


def test_a_release_without_marks_says_nothing(submitted):
    bare = [nbformat.v4.new_code_cell("x = 1")]
    cells, notes = restore(submitted, bare)
    assert (cells, notes) == (submitted, [])


def test_as_graded_is_complete_and_in_order(submitted, released):
    """What RestoreCells and Validate make of a submission."""
    first = find(submitted, "start_double")
    moved = [cell for cell in submitted if cell is not first and cell.id != "triples"] + [first]
    cells, notes = as_graded(moved, released)
    assert [name for name, _ in known(cells)] == [name for name, _ in known(released)]
    assert notes == [
        "the cell 'triples' was deleted; it was put back",
        "the cell 'start_double' had been moved; it is back in its place",
    ]


def test_of_two_copies_the_original_counts(submitted, released):
    again = copy.deepcopy(find(submitted, "double"))
    again.id = "another"
    again.source = "def double(number):\n    return 0"
    for cells in ([*submitted, again], [again, *submitted]):
        restored, notes = restore(cells, released)
        assert dict(known(restored))["double"] == find(submitted, "double").source
        assert notes == ["a copy of the cell 'double' is not graded"]


def test_of_two_strangers_the_last_counts(submitted, released):
    """A cell was copied and the original deleted."""
    first, second = copy.deepcopy(find(submitted, "double")), copy.deepcopy(find(submitted, "double"))
    first.id, second.id, first.source = "first", "second", "def double(number):\n    return 0"
    cells = [cell for cell in submitted if cell.id != "double"]
    at = next(position for position, cell in enumerate(cells) if cell.id == "doubles")
    restored, _ = restore([*cells[:at], first, second, *cells[at:]], released)
    assert dict(known(restored))["double"] == find(submitted, "double").source


def test_a_copied_grade_cell_gives_no_second_points(submitted, released):
    cells, notes = restore([*submitted, copy.deepcopy(find(submitted, "doubles"))], released)
    assert [grade_id for grade_id, _ in known(cells)].count("doubles") == 1
    assert len(notes) == 1


def test_changed_points_and_kind_are_the_releases_again(submitted, released):
    changed = find(submitted, "doubles")
    changed.metadata["nbgrader"].update(points=100, solution=True, locked=False)
    cells, _ = restore(submitted, released)
    assert find(cells, "doubles").metadata == find(released, "doubles").metadata


def test_neither_notebook_is_changed(submitted, released):
    before = copy.deepcopy((submitted, released))
    restore([cell for cell in submitted if cell.id != "double"], released)
    assert (submitted, released) == before


def test_any_damage_leaves_each_cell_exactly_once(submitted, released):
    """Two hundred random damages: whatever is handed in, nbgrader finds every cell once, in a notebook it accepts."""
    wanted = sorted(grade_id for grade_id, _ in known(released))
    for number in range(200):
        draw = random.Random(number)
        cells = copy.deepcopy(submitted)
        for _ in range(draw.randrange(1, 8)):
            at = draw.randrange(len(cells)) if cells else 0
            damage = draw.choice(["delete", "copy", "strip", "rename", "markdown", "swap"])
            if not cells:
                break
            if damage == "delete":
                del cells[at]
            elif damage == "copy":
                cells.insert(draw.randrange(len(cells)), copy.deepcopy(cells[at]))
            elif damage == "strip":
                cells[at].metadata = nbformat.NotebookNode()
            elif damage == "rename":
                cells[at].id = f"renamed{draw.randrange(9)}"
            elif damage == "markdown":
                cells[at] = nbformat.v4.new_markdown_cell(cells[at].source, metadata=cells[at].metadata)
            else:
                other = draw.randrange(len(cells))
                cells[at], cells[other] = cells[other], cells[at]
        restored, _ = restore(cells, released)
        assert sorted(grade_id for grade_id, _ in known(restored)) == wanted, number
        for position, cell in enumerate(restored):
            cell.id = f"cell{position}"  # two copies of a student's cell may share an id; nbgrader does not mind
        nbformat.validate(nbformat.v4.new_notebook(cells=restored))


def test_moved_cells_come_back_into_their_order_and_own_cells_stay(submitted, released):
    order = [grade_id(cell) for cell in released if grade_id(cell)]
    own = nbformat.v4.new_code_cell("mine = 1", id="own")
    first, last = find(submitted, "start_double"), submitted[-1]
    moved = [own, *(cell for cell in submitted if cell is not first), first]
    cells, names = in_order(moved, order)
    assert [grade_id(cell) for cell in cells if grade_id(cell)] == order
    assert cells[0] is own
    assert names == ["start_double"]
    assert last in cells
    assert in_order(submitted, order) == (submitted, [])
