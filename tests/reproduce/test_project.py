"""An execution gets what Git and DVC track, uncommitted changes included, and nothing else."""

import os
import shutil
import subprocess
import sys

import pytest

from mlops_course.errors import ContractError
from mlops_course.reproduce.project import git_folders, inventory, left_behind, reverse_times, take_snapshot


def git(*arguments, cwd):
    identity = ["-c", "user.name=Ana", "-c", "user.email=ana@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *arguments], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def project(tmp_path):
    """A repository with one commit, a DVC-tracked file and all kinds of other files."""
    folder = tmp_path / "original"
    (folder / "notebooks").mkdir(parents=True)
    git("init", "--quiet", cwd=folder)
    for name, text in {
        "notebooks/n.ipynb": "{}",
        "committed.txt": "1",
        "deleted.txt": "2",
        ".gitignore": "ignored.txt\nmlflow.db\n",
    }.items():
        (folder / name).write_text(text, encoding="utf-8")
    variables = os.environ | {"DVC_NO_ANALYTICS": "1"}
    for arguments in (["init", "--quiet"], ["add", "--quiet", "big.csv"]):
        (folder / "big.csv").write_text("x\n1\n", encoding="utf-8")
        subprocess.run([sys.executable, "-m", "dvc", *arguments], cwd=folder, env=variables, check=True)
    git("add", "--all", cwd=folder)
    git("commit", "--quiet", "--message", "All", cwd=folder)
    (folder / "committed.txt").write_text("changed", encoding="utf-8")
    (folder / "deleted.txt").unlink()
    (folder / "new.txt").write_text("new", encoding="utf-8")
    (folder / "ignored.txt").write_text("private", encoding="utf-8")
    (folder / "notebooks" / "mlflow.db").write_text("an old store", encoding="utf-8")
    return folder


def test_the_copy_is_the_work_tree(project, tmp_path):
    copy = take_snapshot(project / "notebooks" / "n.ipynb", tmp_path / "snapshots" / "copy")
    assert copy.notebook.as_posix() == "notebooks/n.ipynb"
    assert (copy.root / "committed.txt").read_text(encoding="utf-8") == "changed"
    assert (copy.root / "new.txt").exists()
    assert (copy.root / "big.csv").read_text(encoding="utf-8") == "x\n1\n"
    for absent in ("deleted.txt", "ignored.txt", "notebooks/mlflow.db", ".dvc/cache"):
        assert not (copy.root / absent).exists(), absent


def test_the_copy_has_its_own_git_at_the_same_revision(project, tmp_path):
    copy = take_snapshot(project / "notebooks" / "n.ipynb", tmp_path / "snapshots" / "copy")
    assert (
        git("rev-parse", "HEAD", cwd=copy.root).strip()
        == copy.revision
        == git("rev-parse", "HEAD", cwd=project).strip()
    )
    assert git("status", "--porcelain", cwd=copy.root) == git("status", "--porcelain", cwd=project)
    assert git("remote", cwd=copy.root) == ""
    (copy.root / "x").write_text("x", encoding="utf-8")
    git("add", "x", cwd=copy.root)
    git("commit", "--quiet", "--message", "Only here", cwd=copy.root)
    assert git("rev-parse", "HEAD", cwd=project).strip() == copy.revision


def test_the_callers_git_variables_do_not_mislead(project, tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    copy = take_snapshot(project / "notebooks" / "n.ipynb", tmp_path / "snapshots" / "copy")
    assert copy.revision


def test_without_git_the_folder_of_the_notebook_is_the_project(tmp_path):
    folder = tmp_path / "plain"
    (folder / "data").mkdir(parents=True)
    (folder / ".venv").mkdir()
    (folder / "n.ipynb").write_text("{}", encoding="utf-8")
    (folder / "data" / "d.csv").write_text("1", encoding="utf-8")
    (folder / "mlflow.db").write_text("old", encoding="utf-8")
    (tmp_path / "neighbour.txt").write_text("not mine", encoding="utf-8")
    copy = take_snapshot(folder / "n.ipynb", tmp_path / "copy")
    assert sorted(inventory(copy.root)) == ["data", "data/d.csv", "n.ipynb"]
    assert not (copy.root / ".venv").exists()


def test_without_git_a_dvc_project_is_the_project(tmp_path):
    (tmp_path / "course" / ".dvc").mkdir(parents=True)
    (tmp_path / "course" / ".dvc" / "config").write_text("", encoding="utf-8")
    (tmp_path / "course" / "notebooks").mkdir()
    (tmp_path / "course" / "notebooks" / "n.ipynb").write_text("{}", encoding="utf-8")
    (tmp_path / "course" / "data.csv").write_text("1", encoding="utf-8")
    copy = take_snapshot(tmp_path / "course" / "notebooks" / "n.ipynb", tmp_path / "copy")
    assert copy.notebook.as_posix() == "notebooks/n.ipynb"
    assert (copy.root / "data.csv").exists()


def test_a_repository_without_a_commit(tmp_path):
    folder = tmp_path / "young"
    folder.mkdir()
    git("init", "--quiet", cwd=folder)
    (folder / "n.ipynb").write_text("{}", encoding="utf-8")
    copy = take_snapshot(folder / "n.ipynb", tmp_path / "copy")
    assert copy.revision == ""
    assert (copy.root / "n.ipynb").exists()


def test_file_times_can_be_turned_round(tmp_path):
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text(name, encoding="utf-8")
        os.utime(tmp_path / name, (1000 + ord(name), 1000 + ord(name)))
    reverse_times(tmp_path)
    by_time = sorted(tmp_path.iterdir(), key=lambda path: path.stat().st_mtime)
    assert [path.name for path in by_time] == ["c", "b", "a"]


def test_new_files_of_a_folder_that_dvc_tracks_are_copied_and_links_followed(project, tmp_path):
    (project / "images").mkdir()
    (project / "images" / "one.txt").write_text("1", encoding="utf-8")
    variables = os.environ | {"DVC_NO_ANALYTICS": "1"}
    for arguments in (["config", "cache.type", "symlink"], ["add", "--quiet", "images"]):
        subprocess.run([sys.executable, "-m", "dvc", *arguments], cwd=project, env=variables, check=True)
    git("add", "images.dvc", ".gitignore", cwd=project)
    (project / "images" / "two.txt").write_text("2", encoding="utf-8")
    copy = take_snapshot(project / "notebooks" / "n.ipynb", tmp_path / "snapshots" / "copy")
    assert (copy.root / "images" / "two.txt").read_text(encoding="utf-8") == "2"
    assert not (copy.root / "images" / "one.txt").is_symlink()
    assert (copy.root / "images" / "one.txt").read_text(encoding="utf-8") == "1"


def test_a_repository_that_git_refuses_is_not_taken_for_none(tmp_path):
    folder = tmp_path / "broken"
    (folder / ".git").mkdir(parents=True)
    (folder / "n.ipynb").write_text("{}", encoding="utf-8")
    with pytest.raises(ContractError, match="Git does not hand out"):
        take_snapshot(folder / "n.ipynb", tmp_path / "copy")


def test_a_link_of_dvcs_that_leads_out_is_refused(project, tmp_path):
    (tmp_path / "private.txt").write_text("private", encoding="utf-8")
    (project / "big.csv").unlink()
    (project / "big.csv").symlink_to(tmp_path / "private.txt")
    with pytest.raises(ContractError, match="leads out of the project"):
        take_snapshot(project / "notebooks" / "n.ipynb", tmp_path / "snapshots" / "copy")


def test_a_file_of_terabytes_with_holes_is_refused(project, tmp_path):
    with (project / "holes").open("wb") as file:
        file.truncate(2**42)
    with pytest.raises(ContractError, match=r"4398\.\d GB"):
        take_snapshot(project / "notebooks" / "n.ipynb", tmp_path / "snapshots" / "copy")


def test_a_worktree_is_a_project_but_a_file_that_leads_to_a_foreign_repository_is_none(project, tmp_path):
    git("worktree", "add", "--quiet", "-b", "other", str(tmp_path / "linked"), cwd=project)
    copy = take_snapshot(tmp_path / "linked" / "notebooks" / "n.ipynb", tmp_path / "snapshots" / "copy")
    assert git("rev-parse", "other", cwd=copy.root).strip() == copy.revision
    assert git("status", "--porcelain", cwd=copy.root) == git("status", "--porcelain", cwd=tmp_path / "linked")
    thief = tmp_path / "thief"
    thief.mkdir()
    (thief / "n.ipynb").write_text("{}", encoding="utf-8")
    (thief / ".git").write_text(f"gitdir: {project / '.git'}\n", encoding="utf-8")
    for make in (lambda: None, lambda: ((thief / ".git").unlink(), (thief / ".git").symlink_to(project / ".git"))):
        make()
        with pytest.raises(ContractError, match="leads out of the project"):
            take_snapshot(thief / "n.ipynb", tmp_path / "stolen")
        shutil.rmtree(tmp_path / "stolen", ignore_errors=True)


def test_a_forged_worktree_leads_to_no_other_repository(project, tmp_path):
    thief = tmp_path / "thief"
    forged = thief / "forged" / "worktrees" / "x"
    forged.mkdir(parents=True)
    (thief / "n.ipynb").write_text("{}", encoding="utf-8")
    (thief / ".git").write_text(f"gitdir: {forged}\n", encoding="utf-8")
    (forged / "gitdir").write_text(f"{thief / '.git'}\n", encoding="utf-8")
    (forged / "commondir").write_text(f"{project / '.git'}\n", encoding="utf-8")
    (forged / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
    own, common = git_folders(thief)
    assert own == forged
    assert common == thief / "forged"
    (thief / ".git").unlink()
    os.mkfifo(thief / ".git")
    with pytest.raises(ContractError, match="leads out of the project"):
        git_folders(thief)


def test_pipes_are_left_out(tmp_path):
    (tmp_path / "plain").mkdir()
    os.mkfifo(tmp_path / "plain" / "pipe")
    (tmp_path / "plain" / "n.ipynb").write_text("{}", encoding="utf-8")
    copy = take_snapshot(tmp_path / "plain" / "n.ipynb", tmp_path / "copy")
    assert sorted(inventory(copy.root)) == ["n.ipynb"]


def test_what_is_left_behind_is_found(tmp_path):
    (tmp_path / "kept").write_text("1", encoding="utf-8")
    (tmp_path / "changed").write_text("1", encoding="utf-8")
    (tmp_path / "deleted").write_text("1", encoding="utf-8")
    before = inventory(tmp_path)
    (tmp_path / "changed").write_text("2", encoding="utf-8")
    (tmp_path / "deleted").unlink()
    (tmp_path / "new").write_text("1", encoding="utf-8")
    (tmp_path / "mlflow.db").write_text("the store does not count", encoding="utf-8")
    (tmp_path / ".ipython" / "profile_default").mkdir(parents=True)
    (tmp_path / ".ipython" / "profile_default" / "history.sqlite").write_text("nor do tools", encoding="utf-8")
    assert left_behind(before, inventory(tmp_path)) == ["changed", "deleted", "new"]
