"""A copy of the course in a folder of its own, driven with nbgrader's own commands."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook
from nbgrader.preprocessors import CheckCellMetadata, ClearOutput, Execute
from nbgrader.utils import is_grade, is_solution
from nbgrader.validator import Validator
from traitlets.config import PyFileConfigLoader

from mlops_course.execution.engine import execute
from mlops_course.execution.job import Job, decode_result, encode
from mlops_course.grading.convert import execution_settings
from mlops_course.grading.files import read_folder
from mlops_course.grading.source import read_imports

ROOT = Path(__file__).resolve().parents[2]
ASSIGNMENT = "week-09"
NOTEBOOKS = ("01_dvc_basics", "02_mlflow_tracking", "03_reproducibility_test", "04_conceptual_questions")


class CourseCopy:
    """The instructor's folder: configuration and source, nothing else."""

    def __init__(self, folder, notebooks=NOTEBOOKS, source=ROOT / "source"):
        self.folder = Path(folder)
        self.notebooks = tuple(notebooks)
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "nbgrader_config.py", self.folder / "nbgrader_config.py")
        leave = shutil.ignore_patterns("work", ".ipynb_checkpoints", "__pycache__")
        shutil.copytree(source, self.folder / "source", ignore=leave)
        for path in (self.folder / "source" / ASSIGNMENT).glob("*.ipynb"):
            if path.stem not in self.notebooks:
                path.unlink()

    def nbgrader(self, *arguments, cwd=None, **variables):
        """Run a command of nbgrader, as an instructor does who set up the course."""
        program = Path(sys.prefix) / ("Scripts" if os.name == "nt" else "bin") / "nbgrader"
        path = os.pathsep.join([str(program.parent), os.environ["PATH"]])
        environment = os.environ | {"PATH": path, "HOME": str(self.folder), "NO_COLOR": "1"} | variables
        environment.pop("WEEK_09", None)
        return subprocess.run(
            [program, *arguments], cwd=cwd or self.folder, env=environment, capture_output=True, text=True
        )

    def generate(self):
        """Make the version for students."""
        done = self.nbgrader("generate_assignment", ASSIGNMENT, "--force")
        assert done.returncode == 0, done.stderr
        return self.folder / "release" / ASSIGNMENT

    def read(self, room, notebook):
        """Read one notebook of `source` or `release`."""
        return nbformat.read(self.folder / room / ASSIGNMENT / f"{notebook}.ipynb", as_version=4)

    def solutions(self, notebook):
        """Give the text of every solution cell by its id."""
        return {
            cell.metadata.nbgrader.grade_id: cell.source
            for cell in self.read("source", notebook).cells
            if is_solution(cell)
        }

    def grade_cells(self, notebook):
        """Give the source, with hidden tests, of every cell that is graded without a person, by its id."""
        return {
            cell.metadata.nbgrader.grade_id: cell
            for cell in self.read("source", notebook).cells
            if is_grade(cell) and not is_solution(cell)
        }

    def fill(self, notebook, answers, student=""):
        """Put answers into the version for students; ids that are not named stay untouched."""
        filled = self.read("release", notebook)
        left = dict(answers)
        for cell in filled.cells:
            if is_solution(cell) and cell.metadata.nbgrader.grade_id in left:
                cell.source = left.pop(cell.metadata.nbgrader.grade_id)
            elif cell.id == "student":
                cell.source = cell.source.replace('STUDENT_ID = ""', f'STUDENT_ID = "{student}"')
        assert not left, f"{notebook} has no solution cells named {sorted(left)}"
        return filled

    def hand_in(self, student, notebooks):
        """Lay a submission where `collect` would: all files of the release, and the given notebooks."""
        folder = self.folder / "submitted" / student / ASSIGNMENT
        shutil.copytree(self.folder / "release" / ASSIGNMENT, folder)
        for path in folder.glob("*.ipynb"):
            path.unlink()
        for name, notebook in notebooks.items():
            nbformat.write(notebook, folder / f"{name}.ipynb")
        return folder

    def forked_execute(self, path):
        """Make an `Execute` that does without the start of a kernel, for one notebook."""
        preload = read_imports(self.folder / "source" / ASSIGNMENT)

        class ForkedExecute(Execute):
            def preprocess(self, nb, resources, km=None):
                files, executable = read_folder(path.parent, {other.name for other in path.parent.glob("*.ipynb")})
                job = Job("validate", ASSIGNMENT, {path.stem: nbformat.writes(nb)}, files, executable,
                          execution_settings(self), preload=preload)  # fmt: skip
                done = decode_result(execute(encode(job)))
                assert done.findings == (), done.findings
                return nbformat.reads(done.notebooks[path.stem], as_version=4), resources

        return ForkedExecute

    def autograde(self, *options):
        """Grade everything that was handed in."""
        return self.nbgrader("autograde", ASSIGNMENT, *options)

    def grade(self, *options):
        """Grade everything that was handed in, with `course grade`; give its report."""
        program = Path(sys.executable).parent / "course"
        environment = os.environ | {"HOME": str(self.folder), "NO_COLOR": "1"}
        done = subprocess.run(
            [program, "grade", ASSIGNMENT, *options], cwd=self.folder, env=environment, capture_output=True, text=True
        )
        assert done.returncode in (0, 1), done.stderr[-3000:]
        return json.loads((self.folder / "grading_report.json").read_text(encoding="utf-8"))

    def points(self, student):
        """Read the points that the grade cells gave: by id of the grade cell; None where nothing was decided."""
        with Gradebook(f"sqlite:///{self.folder / 'gradebook.db'}") as gradebook:
            submission = gradebook.find_submission(ASSIGNMENT, student)
            return {
                grade.name: grade.auto_score
                for notebook in submission.notebooks
                for grade in notebook.grades
                if grade.cell.cell_type == "code"
            }

    def validate(self, folder, notebook, *, forked=False):
        """Do what the button Validate does; give the ids of the grade cells that it complains about.

        With `forked`, in a kernel of `course grade`, which has the libraries loaded, on a copy of the folder.
        """
        config = PyFileConfigLoader("nbgrader_config.py", path=str(self.folder)).load_config()
        path = Path(folder) / f"{notebook}.ipynb"
        by_source = {
            cell.source.strip(): cell.metadata.nbgrader.grade_id
            for cell in nbformat.read(path, as_version=4).cells
            if is_grade(cell)
        }
        before = dict(os.environ)
        try:
            os.environ.pop("WEEK_09", None)
            validator = Validator(config=config)
            if forked:
                validator.preprocessors = [CheckCellMetadata, ClearOutput, self.forked_execute(path)]
            results = validator.validate(str(path))
        finally:
            os.environ.clear()
            os.environ.update(before)
        assert set(results) <= {"failed"}, results
        return {by_source[failed["source"]] for failed in results.get("failed", [])}
