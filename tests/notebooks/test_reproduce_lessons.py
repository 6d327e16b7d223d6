"""The lessons that log metrics keep what they teach: `course reproduce` finds them reproducible."""

import pytest

FAST = ["experiment"]
LONG = ["lesson_02_mlflow_tracking", "lesson_03_reproducibility", "lesson_04_is_it_better",
        "lesson_05_pipelines_and_lineage"]  # fmt: skip


@pytest.mark.parametrize("name", [*FAST, *(pytest.param(name, marks=pytest.mark.slow) for name in LONG)])
def test_a_lesson_is_reproducible(root, run_reproduce, tmp_path, name):
    done, report = run_reproduce([root / "notebooks" / f"{name}.ipynb"], tmp_path / "report")
    assert done.returncode == 0, done.stdout + done.stderr
    (result,) = report["notebooks"]
    assert result["verdict"] == "reproducible"
    assert any(run["metrics"] for run in result["runs"])
    assert any(one["kind"] == "metric" for one in result["changed_by_other_seed"])
    assert result["notes"] == []
