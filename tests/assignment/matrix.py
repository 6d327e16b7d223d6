"""The answer matrix: wrong and right answers of students, and how they are mixed into submissions."""

from dataclasses import dataclass
from pathlib import Path

ANSWERS = Path(__file__).resolve().parents[1] / "answers"


@dataclass(frozen=True)
class Answer:
    """One way to fill one solution cell."""

    task: str  # id of the solution cell
    name: str
    text: str
    loses: frozenset  # ids of the grade cells that give nothing


def read_answers(notebook):
    """Read all answers to the tasks of one notebook, by task."""
    answers = {}
    for path in sorted((ANSWERS / notebook).glob("*/*.py")):
        answers.setdefault(path.parent.name, []).append(read_answer(path))
    return answers


def read_answer(path):
    """Read one file: two lines of comments say what it loses and why, the rest is the cell."""
    head, why, text = path.read_text(encoding="utf-8").split("\n", 2)
    assert head.startswith("# loses: "), f"{path}: the first line must be `# loses: …`"
    assert why.startswith("# why: "), f"{path}: the second line must be `# why: …`"
    named = head.removeprefix("# loses: ").strip()
    loses = frozenset() if named == "nothing" else frozenset(name.strip() for name in named.split(","))
    expected = "loses_" if loses else "keeps_everything_"
    assert path.stem.startswith(expected), f"{path}: the name must begin with {expected}"
    return Answer(path.parent.name, path.stem, text, loses)


def mix(answers, solutions):
    """Mix wrong answers to some tasks with right ones to all others, so that each answer is in some submission.

    Parameters
    ----------
    answers : dict of str to list of Answer
        By task.
    solutions : dict of str to str
        The solutions, by task; they count as right answers.

    Returns
    -------
    list of list of Answer
        One list for each submission, with one answer for each task. In the even ones every other task is answered
        wrongly, in the odd ones the tasks between them: so an answer that spoils a neighbour is noticed.
    """
    tasks = list(solutions)
    wrong = {task: [a for a in answers.get(task, []) if a.loses] for task in tasks}
    right = {
        task: [a for a in answers.get(task, []) if not a.loses]
        + [Answer(task, "solution", solutions[task], frozenset())]
        for task in tasks
    }
    rounds = max((len(group) for by_task in (wrong, right) for group in by_task.values()), default=0)
    submissions = []
    for number in range(2 * rounds):
        chosen = []
        for position, task in enumerate(tasks):
            group = wrong[task] if (position + number) % 2 == 0 and wrong[task] else right[task]
            chosen.append(group[number // 2 % len(group)])
        submissions.append(chosen)
    return submissions
