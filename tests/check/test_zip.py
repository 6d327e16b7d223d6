"""The zip holds what `nbgrader submit` hands in, always the same bytes, under a name that zip_collect reads."""

import hashlib
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_output

from mlops_course.check.pack import IncompleteError, pack
from mlops_course.errors import CourseError
from tests.check.states import FIRST, RELEASE, ROOT


def files(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def litter(work):
    """Put beside the answers what must not be handed in, and a folder that must."""
    work.finish()
    for name in (
        ".ipynb_checkpoints/01-checkpoint.ipynb",
        ".git/config",
        ".dvc/config",
        "work/x/mlflow.db",
        "mlflow.db",
        "mlflow.db-journal",
        "mlruns/1/meta.yaml",
        "notes/mine.md",
        "notes/__pycache__/a.pyc",
        "notes/umlaut ä.txt",
    ):
        path = work.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return work


def test_what_is_in_it(litter, tmp_path):
    packed = pack(litter.folder, "ana", ROOT, tmp_path)
    assert Path(packed.path) == tmp_path / "week-09_ana.zip"
    with zipfile.ZipFile(packed.path) as archive:
        names = archive.namelist()
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert names == [f"week-09/{name}" for name in packed.files]
    assert {"notes/mine.md", "notes/umlaut ä.txt", "requirements.txt", f"{FIRST}.ipynb"} < set(packed.files)
    assert {path.relative_to(RELEASE).as_posix() for path in RELEASE.glob("s*/*") if path.is_file()} < set(packed.files)
    assert {one.path for one in packed.left_out} == {
        ".dvc/", ".git/", ".ipynb_checkpoints/", "mlflow.db", "mlflow.db-journal", "mlruns/",
        "notes/__pycache__/", "work/",
    }  # fmt: skip
    assert packed.without_outputs == ()


def test_a_notebook_too_large_for_its_outputs_goes_in_without_them(litter, tmp_path):
    litter.change(
        FIRST, lambda cells, _: cells["track_v1"].outputs.append(new_output("stream", name="stdout", text="x" * 10**7))
    )
    before = litter.path(FIRST).read_bytes()
    packed = pack(litter.folder, "ana", ROOT, tmp_path)
    assert packed.without_outputs == (f"{FIRST}.ipynb",)
    assert f"{FIRST}.ipynb" not in {one.path for one in packed.left_out}
    with zipfile.ZipFile(packed.path) as archive:
        inside = nbformat.reads(archive.read(f"week-09/{FIRST}.ipynb").decode(), as_version=4)
    cells = [cell for cell in inside.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in cells)
    assert [cell.source for cell in inside.cells] == [cell.source for cell in litter.read(FIRST).cells]
    assert litter.path(FIRST).read_bytes() == before


@pytest.mark.parametrize("name", ["huge.csv", "notes/huge.csv"])
def test_what_is_too_large_is_not_left_out(litter, tmp_path, name):
    with (litter.folder / name).open("wb") as file:
        file.truncate(10_000_001)
    with pytest.raises(IncompleteError, match=rf"{name} has 10.0 MB"):
        pack(litter.folder, "ana", ROOT, tmp_path)
    assert not list(tmp_path.glob("*.zip"))


def test_a_notebook_too_large_for_its_pictures_is_not_left_out(litter, tmp_path):
    litter.change(FIRST, lambda cells, _: cells["student"].update(source="x = 1  #" + "x" * 10**7))
    with pytest.raises(IncompleteError, match=r"has 10.. MB, even without its outputs"):
        pack(litter.folder, "ana", ROOT, tmp_path)


def test_what_is_too_large_where_nothing_is_handed_in_does_no_harm(litter, tmp_path):
    with (litter.folder / "work" / "huge.csv").open("wb") as file:
        file.truncate(10_000_001)
    assert pack(litter.folder, "ana", ROOT, tmp_path).files


def test_same_files_same_bytes(litter, tmp_path):
    first = Path(pack(litter.folder, "ana", ROOT, tmp_path).path).read_bytes()
    other = tmp_path / "elsewhere" / "week-09"
    shutil.copytree(litter.folder, other)
    later = time.time() + 5000
    for path in other.rglob("*"):
        os.utime(path, (later, later))
        path.chmod(0o700)
    assert Path(pack(other, "ana", ROOT, other.parent).path).read_bytes() == first
    (other / "notes" / "mine.md").write_text("y")
    assert Path(pack(other, "ana", ROOT, other.parent).path).read_bytes() != first


def test_never_into_the_folder_itself(litter):
    for here in (litter.folder, litter.folder / "notes"):
        assert Path(pack(litter.folder, "ana", ROOT, here).path).parent == litter.folder.parent


@pytest.mark.parametrize("student", ["", "ana b", "../ana", "ana/b", "*", "..", "week-09/x", "ana (1)", 'a"b'])
def test_refused_names(work, tmp_path, student):
    with pytest.raises(CourseError):
        pack(work.folder, student, ROOT, tmp_path)
    assert not list(tmp_path.glob("*.zip"))


@pytest.mark.parametrize("student", ["ana", "ana.b@example.org", "s-123_4", "ärzte", "week-09_x"])
def test_names(work, tmp_path, student):
    if student == "week-09_x":  # zip_collect would call this student x
        with pytest.raises(CourseError):
            pack(work.folder, student, ROOT, tmp_path)
    else:
        assert pack(work.folder, student, ROOT, tmp_path).path.endswith(f"week-09_{student}.zip")


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_link_to_nothing(work, tmp_path):
    (work.folder / "link").symlink_to(tmp_path / "nothing")
    with pytest.raises(CourseError, match="link"):
        pack(work.folder, "ana", ROOT, tmp_path)
    assert not list(tmp_path.glob("*.zip"))
    assert not list(tmp_path.glob(".hand-in*"))


def test_configuration_with_a_mistake(work, tmp_path):
    (tmp_path / "nbgrader_config.py").write_text("this is no program")
    with pytest.raises(CourseError, match=r"nbgrader_config\.py"):
        pack(work.folder, "ana", tmp_path, tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="the exchange does not work on Windows")
def test_zip_collect_takes_in_what_submit_hands_in(litter, tmp_path):
    """The proof: both ways end in the same submitted folder."""
    teacher = tmp_path / "teacher"
    teacher.mkdir()
    shutil.copyfile(ROOT / "nbgrader_config.py", teacher / "nbgrader_config.py")
    shutil.copytree(RELEASE, teacher / "release" / "week-09", ignore=shutil.ignore_patterns("work"))
    outbound = teacher / "exchange" / "w09" / "outbound" / "week-09"
    shutil.copytree(teacher / "release" / "week-09", outbound)
    (teacher / "exchange" / "w09" / "inbound").mkdir()
    for folder in (teacher / "exchange", teacher / "exchange" / "w09" / "inbound"):
        folder.chmod(0o777)
    archive = teacher / "downloaded" / "week-09" / "archive"
    archive.mkdir(parents=True)
    packed = Path(pack(litter.folder, "ana", ROOT, tmp_path).path)
    shutil.copyfile(packed, archive / f"Ana Lovelace_4711_assignsubmission_file_{packed.name}")

    def nbgrader(*arguments, cwd):
        program = Path(sys.executable).parent / "nbgrader"
        variables = {"HOME": str(tmp_path), "NBGRADER_EXCHANGE": str(teacher / "exchange"), "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [program, *arguments], cwd=cwd, env=os.environ | variables, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-2000:]

    shutil.copyfile(ROOT / "nbgrader_config.py", tmp_path / "nbgrader_config.py")
    nbgrader("submit", "week-09", cwd=tmp_path)
    nbgrader("zip_collect", "week-09", cwd=teacher)
    (submitted,) = (teacher / "exchange" / "w09" / "inbound").iterdir()
    handed_in = files(submitted)
    for name in ("timestamp.txt", "submission_secret.txt"):
        handed_in.pop(name)
    assert len(handed_in) > 20
    assert files(teacher / "submitted" / "ana" / "week-09") == handed_in
