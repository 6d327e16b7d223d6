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
    named = [name for name in loses if path.stem.startswith(f"loses_{name}")]
    assert not loses or named or path.stem.startswith("loses_all_"), f"{path}: named after no grade cell that it loses"
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
        One list for each submission, with one answer for each task, in the order of `solutions`. In none of them more
        than half of the tasks and one are answered wrongly, and it is each task's turn to be right: so an answer that
        spoils another task is noticed.
    """
    tasks = list(solutions)
    wrong = {task: [a for a in answers.get(task, []) if a.loses] for task in tasks}
    right = {
        task: [a for a in answers.get(task, []) if not a.loses]
        + [Answer(task, "solution", solutions[task], frozenset())]
        for task in tasks
    }
    most = len(tasks) // 2 + 1
    used = dict.fromkeys(tasks, 0)
    submissions = []
    while any(wrong.values()) or any(used[task] < len(right[task]) for task in tasks):
        number = len(submissions)
        # Those with the most wrong answers left go first; among equals it goes round.
        order = sorted(tasks, key=lambda task: (-len(wrong[task]), (tasks.index(task) + number) % len(tasks)))
        spoiled = [task for task in order[:most] if wrong[task]]
        chosen = []
        for task in tasks:
            if task in spoiled:
                chosen.append(wrong[task].pop())
            else:
                chosen.append(right[task][used[task] % len(right[task])])
                used[task] += 1
        submissions.append(chosen)
    for one, other in unseen_pairs(submissions):
        if (one, other) in unseen_pairs(submissions):
            first = next(answer for answer in answers[one] if answer.loses)
            submissions.append([first if task == one else right[task][0] for task in tasks])
    return submissions


def unseen_pairs(submissions):
    """List pairs of tasks of which the first is never wrong while the second is right, although it could be."""
    tasks = [answer.task for answer in submissions[0]]
    spoiling = {answer.task for submission in submissions for answer in submission if answer.loses}
    seen = {
        (spoiled.task, kept.task)
        for submission in submissions
        for spoiled in submission
        for kept in submission
        if spoiled.loses and not kept.loses
    }
    return [
        (one, other)
        for one in tasks
        for other in tasks
        if one in spoiling and one != other and (one, other) not in seen
    ]
