"""The whole cycle with a notebook of the real assignment. (The small one of `tests/grading` goes the same way.)"""

import pytest

from tests.assignment import cycle
from tests.assignment.course_copy import CourseCopy
from tests.assignment.matrix import ANSWERS, read_answer

TAG_THAT_WORKS = ANSWERS / "04_conceptual_questions" / "lost_version" / "loses_lost_version_found_first_that_works.py"
NOTEBOOKS = ("04_conceptual_questions",)


@pytest.mark.slow
def test_the_whole_cycle(tmp_path):
    course = CourseCopy(tmp_path / "course", NOTEBOOKS)
    solutions = {name: course.solutions(name) for name in NOTEBOOKS}
    wrong = {
        "lost_version": read_answer(TAG_THAT_WORKS).text,
        "changing_md5": "# YOUR CODE HERE",
    }
    bad = {name: {task: wrong.get(task, text) for task, text in given.items()} for name, given in solutions.items()}
    cycle.run(
        course,
        good=solutions,
        bad=bad,
        by_hand=("04_conceptual_questions", "why_version_data"),
        costs={"lost_version_found": 0.0, "changing_md5_found": 0.0},
        repair=(
            "04_conceptual_questions",
            "assert not stored.exists(), ",
            "assert stored, ",
            {"lost_version_found": 4.0},
        ),
    )


@pytest.mark.slow
def test_the_zip_route(tmp_path):
    course = CourseCopy(tmp_path / "course", NOTEBOOKS)
    cycle.zip_route(course, {NOTEBOOKS[0]: course.solutions(NOTEBOOKS[0])}, cycle.points_of_tests(course))
