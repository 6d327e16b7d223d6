"""`benchmarks/grade.py` compares the right things with each other."""

import time

import nbformat
import pytest

from benchmarks.grade import cell_seconds, compared, processor_seconds


def test_each_run_is_compared_with_what_came_just_before_and_after():
    page = compared([60.0, 140.0, 210.0], [0, 6, 13, 20], own=10.0, runs=[50.0, 100.0])
    assert page["submissions in them"] == [6, 7, 7]
    # 10, 20 and 30 s for each: a class of 20 at 15 s, and at 25 s.
    assert page["times faster than nbgrader just before and after"] == [20 * 15 / 50, 20 * 25 / 100]
    assert page["times faster, the first time with the solution's execution"] == 20 * 15 / 60
    assert page["times faster, nbgrader's whole class and the mean of the runs"] == round((60 + 140 + 210) / 75, 2)


@pytest.mark.parametrize(("slow", "runs"), [([60.0, 140.0], [50.0]), ([60.0, 140.0, 210.0], [50.0])])
def test_a_part_or_a_run_too_few_is_not_compared(slow, runs):
    with pytest.raises(ValueError, match=r"longer|shorter"):
        compared(slow, [0, 6, 13, 20], own=10.0, runs=runs)


def test_cells_count_by_the_clock_of_their_kernel():
    def cell(**times):
        made = nbformat.v4.new_code_cell("x")
        made.metadata["execution"] = {name.replace("_", ".", 1): time for name, time in times.items()}
        return made

    cells = [
        cell(iopub_execute_input="2026-01-01T00:00:01.500000Z", shell_execute_reply="2026-01-01T00:00:03Z"),
        cell(iopub_execute_input="2026-01-01T00:00:59+00:00", shell_execute_reply="2026-01-01T00:01:00+00:00"),
        cell(iopub_execute_input="2026-01-01T00:00:04Z"),  # died in it
        nbformat.v4.new_markdown_cell("x"),
    ]
    assert cell_seconds(nbformat.writes(nbformat.v4.new_notebook(cells=cells))) == 2.5


def test_processors_are_busy_while_a_program_works():
    before, begun = processor_seconds(), time.process_time()
    while time.process_time() < begun + 0.5:
        pass
    assert processor_seconds() - before > 0.4
