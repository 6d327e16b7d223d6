"""Folders of an assignment in the states that a student leaves them in, made without running anything."""

import shutil
import subprocess
from pathlib import Path

import nbformat
from nbformat.v4 import new_output

ROOT = Path(__file__).resolve().parents[2]
RELEASE = ROOT / "release" / "week-09"
FIRST, SECOND, THIRD, FOURTH = sorted(path.stem for path in RELEASE.glob("*.ipynb"))
ALL = (FIRST, SECOND, THIRD, FOURTH)


class Work:
    """An assignment's folder, changed step by step as a student would."""

    def __init__(self, place, name="week-09"):
        self.folder = place / name
        shutil.copytree(RELEASE, self.folder, ignore=shutil.ignore_patterns("work", ".ipynb_checkpoints", "*.txt"))

    def path(self, name):
        return self.folder / f"{name}.ipynb"

    def read(self, name):
        return nbformat.read(self.path(name), as_version=4)

    def change(self, name, edit):
        """Change a notebook by a function, and save it."""
        notebook = self.read(name)
        edit({cell.id: cell for cell in notebook.cells}, notebook)
        nbformat.write(notebook, self.path(name))

    def sign(self, student="ana", names=ALL):
        """Write the STUDENT_ID."""
        for name in names:
            self.change(
                name, lambda cells, _: cells["student"].update(source=f'STUDENT_ID = "{student}"\nNAME = "Ana"')
            )

    def answer(self, name, tasks=None):
        """Write something into the cells of these tasks, by default all."""

        def edit(cells, _):
            for cell in cells.values():
                settings = cell.metadata.get("nbgrader", {})
                if settings.get("solution") and (tasks is None or cell.id in tasks):
                    cell.source = cell.source.replace("# YOUR CODE HERE", "done = True").replace(
                        "YOUR ANSWER HERE", "On 3 March the table had 224 rows."
                    )
                    assert "YOUR" not in cell.source

        self.change(name, edit)

    def run(self, name, failing=None, tests=None, student="ana"):
        """Give each cell the outputs of a run: the tests in `failing` fail with these messages."""
        failing = failing or {}

        def edit(cells, notebook):
            count = 0
            for cell in notebook.cells:
                if cell.cell_type != "code" or (tests is not None and is_test(cell) and cell.id not in tests):
                    continue
                count += 1
                cell.execution_count, cell.outputs = count, []
                if cell.id in failing:
                    cell.outputs = [error(failing[cell.id])]
            cells["set_up"].outputs = [new_output("stream", name="stdout", text=f"Ready. STUDENT_ID: {student}\n")]

        self.change(name, edit)

    def leave(self):
        """Lay what a run leaves on the disk, apart from MLflow's store."""
        (self.folder / "requirements.txt").write_text("numpy==2.4.6\n")
        repository(self.folder / "work" / "track_v1" / "penguins")
        repair = self.folder / "work" / "repair"
        repair.mkdir(parents=True)
        for name in (THIRD,):
            for cell in self.read(name).cells:
                if cell.source.startswith("%%writefile"):
                    (repair / "repaired.py").write_text(cell.source.partition("\n")[2] + "\n")

    def finish(self):
        """Do everything, as it must be."""
        self.sign()
        for name in ALL:
            self.answer(name)
            self.run(name)
        self.leave()
        return self


def is_test(cell):
    settings = cell.metadata.get("nbgrader", {})
    return bool(settings.get("grade") and not settings.get("solution"))


def error(message, name="AssertionError"):
    return new_output("error", ename=name, evalue=message, traceback=[f"{name}: {message}"])


def repository(folder, *, tracked=("data/penguins.csv.dvc",), content=b"a,b\n1,2\n"):
    """Make a Git repository with a pointer file of DVC."""
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "penguins.csv").write_bytes(b"a,b\n1,2\n")
    import hashlib

    pointer = f"outs:\n- md5: {hashlib.md5(content).hexdigest()}\n  size: {len(content)}\n  path: penguins.csv\n"
    (folder / "data" / "penguins.csv.dvc").write_text(pointer)
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    if tracked:
        subprocess.run(["git", "-C", str(folder), "add", "--force", *tracked], check=True)
    return folder
