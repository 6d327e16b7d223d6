"""All attacks, and the honest students who hand in beside them."""

from __future__ import annotations

from pathlib import Path

from tests.attacks import course, on_files, on_resources, on_scores, on_secrets
from tests.attacks.attack import Attack

ATTACKS: list[Attack] = [*on_scores.ATTACKS, *on_secrets.ATTACKS, *on_resources.ATTACKS, *on_files.ATTACKS]

# One of each kind, and quick: with these, the class is graded in each run of the tests.
A_DOZEN = (
    "ast_transformer",
    "do_execute_selective",
    "result_success",
    "always_equal_number",
    "display_hook",
    "helper_code",
    "json_patched",
    "skip_execution",
    "source_read",
    "loopback",
    "packages_written",
    "process_left",
    "notebook_linked",
    "schema_of_the_future",
)

NOTHING = {
    "functions": dict.fromkeys(("squares", "total_is_right", "three_names", "mean_is_close", "vowels_counted"), 0.0),
    "data": dict.fromkeys(
        ("settings_saved", "settings_alone", "program_answers", "means_of_columns", "fresh_module"), 0.0
    ),
    "tracking": {"loss_logged": 0.0},
}

# What honest students get, from plain nbgrader, too.
HONEST = {
    "honest-full": {
        "functions": {
            "squares": 2.0,
            "total_is_right": 1.0,
            "three_names": 1.0,
            "mean_is_close": 2.0,
            "vowels_counted": 4.0,
        },
        "data": {
            "settings_saved": 2.0,
            "settings_alone": 1.0,
            "program_answers": 2.0,
            "means_of_columns": 2.0,
            "fresh_module": 1.0,
        },
        "tracking": {"loss_logged": 3.0},
    },
    "honest-half": {
        "functions": NOTHING["functions"] | {"squares": 2.0, "three_names": 1.0, "vowels_counted": 3.0},
        "data": NOTHING["data"] | {"settings_alone": 1.0, "program_answers": 2.0},
        "tracking": {"loss_logged": 0.0},
    },
    "honest-untouched": NOTHING,
}

HALF_RIGHT = {
    "functions": {
        "square": "import math\n\ndef square(number):\n    return round(math.pow(number, 2))",
        "total": "total = 6 + 7",
        "names": 'names = ["a", "b"] + ["c"]\nprint(names)',
        "mean": "def mean(numbers):\n    return sorted(numbers)[len(numbers) // 2]",
        "vowels": 'def count_vowels(word):\n    return sum(word.count(letter) for letter in "aeio")',
    },
    "data": {
        "settings": 'with open("settings.json", "w") as file:\n    json.dump({"seed": 7, "rate": 0.5, "more": 1}, file)',
        "program": 'Path("program.py").write_text("import sys\\nprint(int(sys.argv[1]) + int(sys.argv[2]))")',
        "means": "def column_means(table):\n    return table.mean(axis=1)",
    },
    "tracking": {"track": 'with mlflow.start_run():\n    mlflow.log_metric("loss", 0.5)'},
}


def honest_answers(folder: Path, student: str, notebooks: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """Give the answers of one of the honest students, by notebook and cell."""
    if student == "honest-full":
        return {notebook: course.solutions(folder, notebook) for notebook in notebooks}
    given = HALF_RIGHT if student == "honest-half" else {}
    return {notebook: given.get(notebook, {}) for notebook in notebooks}


def honest_points(student: str, notebooks: tuple[str, ...]) -> dict[str, float]:
    """Give what one of the honest students gets, by grade cell."""
    return {cell: points for notebook in notebooks for cell, points in HONEST[student][notebook].items()}
