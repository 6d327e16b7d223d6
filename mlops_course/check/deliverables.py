"""The deliverables of each assignment; `CHECKLIST.md` has the same for people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mlops_course.check import evidence
from mlops_course.check.model import Evidence

# Task → its tests. Written answers have none. Needed where students work in the released folder itself: then nothing
# else tells that a cell was deleted. A test compares it with release/.
Tasks = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Wanted:
    """One deliverable: tasks of a notebook, and where to look for what they leave on the disk."""

    name: str
    notebook: str
    tasks: Tasks
    look: Callable[[Path], Evidence] | None = None


WEEK_09 = (
    Wanted(
        "requirements.txt, frozen",
        "03_reproducibility_test",
        {"freeze": ("requirements_pinned", "requirements_complete")},
        evidence.requirements,
    ),
    Wanted(
        "A dataset tracked with DVC",
        "01_dvc_basics",
        {
            "track_v1": ("dataset_tracked", "csv_not_in_git"),
            "untrack": ("scm_repaired",),
            "folder": ("folder_versions", "new_files_found"),
            "push": ("remote_serves_both_versions",),
            "second_version": ("second_version_rows", "first_version_kept"),
            "restore": ("version_restored",),
            "read_version": ("read_version_any_revision", "read_version_leaves_no_trace"),
        },
        evidence.dataset,
    ),
    Wanted(
        "An MLflow run with parameters, metrics and a model",
        "02_mlflow_tracking",
        {
            "log_run": (
                "run_parameters",
                "run_metrics",
                "epoch_history",
                "data_version_logged",
                "code_version_logged",
                "model_logged",
            ),
            "best_run": ("best_run_by_validation_loss", "best_run_ignores_traps"),
            "trace": ("traced_to_commit", "traced_to_bytes"),
            "read_store": ("best_epoch_found", "children_counted"),
            "predict_with": ("predict_with_logged_model", "predict_with_given_run"),
        },
        evidence.run,
    ),
    Wanted(
        "The reproducibility test",
        "03_reproducibility_test",
        {
            "repair": (
                "repaired_hash_seed",
                "repaired_global_generator",
                "repaired_file_order",
                "repaired_second_call",
                "repaired_still_learns",
                "repaired_measured_held_out",
            ),
            "is_reproducible": ("same_seed_compared", "other_seed_compared", "failing_is_false"),
            "other_seed": ("same_and_other_seed",),
            "seed_spread": ("spread_over_all_seeds", "spread_deviation"),
            "better": ("better_difference", "better_standard_error", "better_label"),
        },
        evidence.repaired,
    ),
    Wanted(
        "The conceptual questions, answered",
        "04_conceptual_questions",
        {
            "why_version_data": (),
            "untracked_hyperparameters": (),
            "tracking_for_a_team": (),
            "training_commit": ("training_commit_found",),
            "best_on_version": ("best_on_version_found",),
            "differing_key": ("differing_key_found",),
            "lost_version": ("lost_version_found",),
            "changing_md5": ("changing_md5_found",),
        },
    ),
)

DELIVERABLES = {"week-09": WEEK_09}


def wanted(assignment: str, found: dict[str, Tasks]) -> tuple[Wanted, ...]:
    """Give the deliverables of an assignment: its own list, or one for each notebook.

    Parameters
    ----------
    assignment : str
        Name of the assignment.
    found : dict of str to Tasks
        The tasks that each notebook has, by the notebook's name without ending.
    """
    known = DELIVERABLES.get(assignment)
    return known or tuple(Wanted(f"{name}.ipynb", name, tasks) for name, tasks in sorted(found.items()))
