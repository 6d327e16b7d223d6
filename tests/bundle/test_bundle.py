"""The students' copy: what is in it, always the same bytes, and what is refused for other reasons than a leak."""

import os
import re
import subprocess
import zipfile
from pathlib import Path

import pytest

from mlops_course.bundle.command import FOLDER, RefusedBundleError, checked_files
from mlops_course.bundle.contents import BEGIN, END, ROOMS, for_students, without_git
from mlops_course.bundle.links import find_broken_links
from mlops_course.bundle.release import find_stale
from mlops_course.bundle.secrets import Secrets
from mlops_course.bundle.tree import File, read_tree
from mlops_course.errors import CourseError
from tests.bundle.conftest import bundle, git

NO_SECRETS = Secrets((), "")


def refusal(done, code):
    """Require a refusal in words."""
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stderr.startswith("course: ")
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.slow
def test_two_clones_at_different_times_give_the_same_bytes(committed, tmp_path):
    """Other paths, line endings, rights, file times, time zones; changes that are not committed, and another commit."""
    git("clone", "--quiet", str(committed), "one", folder=tmp_path)
    git("clone", "--quiet", "--config", "core.autocrlf=true", str(committed), "a longer name", folder=tmp_path)
    one, other = tmp_path / "one", tmp_path / "a longer name"
    for path in other.rglob("*.ipynb"):
        path.chmod(0o600)
        os.utime(path, (86_400, 86_400))
    (other / "tests" / "new.py").write_text("x = 1\n", encoding="utf-8")  # nothing that students get
    (other / "benchmarks" / "README.md").write_text("Changed.\n", encoding="utf-8")
    git("add", "benchmarks", folder=other)
    git("commit", "--quiet", "--message", "Students get nothing of this", folder=other)
    first = bundle(one, "--output", "made.zip", env=os.environ | {"TZ": "Asia/Tokyo", "LC_ALL": "C"})
    second = bundle(other, env=os.environ | {"TZ": "America/Lima", "PYTHONHASHSEED": "7"}, umask=0o077)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert (one / "made.zip").read_bytes() == (other / "w09-students.zip").read_bytes()
    digests = [re.search(r"sha256 ([0-9a-f]{64})$", done.stdout, re.M)[1] for done in (first, second)]
    assert digests[0] == digests[1]
    assert "Left out: .ci, .github, autograded, benchmarks, source, tests" in first.stdout

    with zipfile.ZipFile(one / "made.zip") as made:
        names = {name.removeprefix(f"{FOLDER}/") for name in made.namelist()}
        assert {name.split("/")[0] for name in names} == set(ROOMS)
        tracked = set(git("ls-files", folder=one).splitlines())
        assert names == {name for name in tracked if name.split("/")[0] in ROOMS}
        changed = {name for name in names if made.read(f"{FOLDER}/{name}") != git_bytes(name, one)}
    assert changed == {".dvc/config", "README.md", "mlops_course/grading/README.md"}


def git_bytes(name, folder):
    return subprocess.run(["git", "show", f"HEAD:{name}"], cwd=folder, capture_output=True, check=True).stdout


def test_a_stale_release_is_refused_with_the_command_that_mends_it(tree):
    """A corrected task that was not generated, a file that was forgotten, one that is left over."""
    source, released = "source/week-09/01_dvc_basics.ipynb", "release/week-09/01_dvc_basics.ipynb"
    changed = tree[source].content.replace(b"DVC", b"Data Version Control", 1)
    assert changed != tree[source].content
    new = {"source/week-09/start/more.txt": File(b"more"), "release/week-09/start/old.txt": File(b"old")}
    found = find_stale({**tree, source: File(changed), **new, "release/week-08/a.txt": File(b"a")})
    assert len(found) == 4, found
    assert re.fullmatch(rf"{released}: line \d+ is not what source/ makes", found[1])
    assert found[2] == "release/week-09/start/more.txt: source/ makes this file, and it is not there"
    assert found[3] == "release/week-09/start/old.txt: source/ does not make this file"
    assert found[0] == "release/week-08: there is no source/week-08 that it could be made from"


def test_the_command_refuses_a_stale_release_and_a_leak_and_writes_nothing(clone):
    released = clone / "release" / "week-09" / "01_dvc_basics.ipynb"
    text = released.read_text(encoding="utf-8")
    released.write_text(text.replace("DVC", "Data Version Control", 1), encoding="utf-8")
    git("commit", "--quiet", "--all", "--message", "Changed by hand", folder=clone)
    said = refusal(bundle(clone), 1)
    assert "release/week-09/01_dvc_basics.ipynb: line " in said
    assert "nbgrader generate_assignment week-09 --force" in said

    (clone / "gradebook.db").write_bytes(b"SQLite format 3\x00")
    git("add", "--force", "gradebook.db", folder=clone)
    git("commit", "--quiet", "--message", "By mistake", folder=clone)
    assert "\n  gradebook.db: " in refusal(bundle(clone), 1)
    assert list(clone.glob("*.zip")) == []
    assert list(clone.glob(".bundle-*")) == []


def test_uncommitted_changes_are_refused_where_they_matter(clone):
    lesson = clone / "notebooks" / "lesson_05_pipelines_and_lineage.ipynb"
    lesson.write_text(lesson.read_text(encoding="utf-8") + " ", encoding="utf-8")
    (clone / "data" / "mine.txt").write_text("new", encoding="utf-8")
    said = refusal(bundle(clone), 2)
    assert "data/mine.txt and 1 more: changed and not committed" in said
    assert "course bundle --revision HEAD" in said
    done = bundle(clone, "--revision", "HEAD")
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(clone / "w09-students.zip") as made:
        assert f"{FOLDER}/data/mine.txt" not in made.namelist()
        assert made.read(f"{FOLDER}/notebooks/{lesson.name}") == git_bytes(f"notebooks/{lesson.name}", clone)


@pytest.mark.parametrize("options", [["--revision", "no-such"], ["--revision", "--help"]])
def test_no_such_revision(clone, options):
    assert "there is no commit" in refusal(bundle(clone, *options), 2)


def test_wrong_places(clone, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "Git refuses (fatal: not a git repository" in refusal(bundle(empty), 2)
    assert "no such folder" in refusal(bundle(clone, "--course-dir", "nowhere"), 2)
    git("rm", "--quiet", "-r", "source", folder=clone)
    git("commit", "--quiet", "--message", "As students have it", folder=clone)
    assert "The bundle is made in the instructor's repository" in refusal(bundle(clone), 2)


def test_an_output_that_cannot_be_written_is_said_before_all_the_work(clone):
    git("rm", "--quiet", "-r", "source", folder=clone)  # the next thing that would be said
    git("commit", "--quiet", "--message", "Without", folder=clone)
    assert "--output nowhere/made.zip: " in refusal(bundle(clone, "--output", "nowhere/made.zip"), 2)


def test_the_course_in_a_folder_of_a_larger_repository(tree, tmp_path):
    """As in the folder of one week in the repository of a semester."""
    for name in ("README.md", "data/a.txt"):
        (tmp_path / "weeks" / "nine" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "weeks" / "nine" / name).write_text("x", encoding="utf-8")
    (tmp_path / "README.md").write_text("the semester", encoding="utf-8")
    git("init", "--quiet", folder=tmp_path)
    git("add", "--all", folder=tmp_path)
    git("commit", "--quiet", "--message", "All", folder=tmp_path)
    found = read_tree(tmp_path / "weeks" / "nine", "HEAD")
    assert {name: file.content for name, file in found.items()} == {"README.md": b"x", "data/a.txt": b"x"}


def test_a_link_cannot_travel(clone):
    (clone / "data" / "link").symlink_to("README.md")
    git("add", "data/link", folder=clone)
    git("commit", "--quiet", "--message", "A link", folder=clone)
    with pytest.raises(CourseError, match="data/link: a symbolic link"):
        read_tree(clone, "HEAD")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("resources/more.md", "one\n[a](links.md) and [b](../source/week-09/x.ipynb)", "line 2: the link to ../source"),
        ("resources/more.md", "[a](#nowhere)\n# Somewhere", "line 1: the link to #nowhere"),
        ("resources/more.md", '<img src="none.png">', "line 1: the link to none.png"),
        ("data/more.csv.dvc", "outs:\n- md5: 0abc\n  path: more.csv\n", "the remote has no 0abc"),
    ],
)
def test_what_would_not_work_is_refused(tree, name, content, said):
    with pytest.raises(RefusedBundleError, match=re.escape(f"{name}")) as refused:
        checked_files({**tree, name: File(content.encode())}, NO_SECRETS)
    assert said in str(refused.value)


def test_links_that_lead_somewhere():
    text = "[a](b/c.md) [b](b) [c](#a-first-part) [d](https://example.org/x) [e](b/c%2B.md#x)\n## A first *part*\n"
    files = {"a.md": File(text.encode()), "b/c.md": File(b"[up](../a.md)"), "b/c+.md": File(b"")}
    assert find_broken_links(files) == []


def test_a_room_that_is_missing(tree):
    with pytest.raises(CourseError, match="notebooks is not in the commit"):
        checked_files({name: file for name, file in tree.items() if not name.startswith("notebooks/")}, NO_SECRETS)


def test_documents_lose_what_is_not_for_students():
    text = f"one\n\n{BEGIN}\nsecret\n\n{END}\n\ntwo\n| a |\n| b {BEGIN} |\n| `{BEGIN}` is kept |\nline {BEGIN}\n"
    assert for_students("a.md", text) == f"one\n\ntwo\n| a |\n| `{BEGIN}` is kept |\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [(f"a\n{BEGIN}\nb", 2), (f"a\n{END}", 2), (f"{BEGIN}\n{BEGIN}\n{END}", 2), (f"{BEGIN}\n{END}\n\n{END}", 4)],
)
def test_marks_without_a_partner(text, line):
    with pytest.raises(CourseError, match=rf"a\.md, line {line}: "):
        for_students("a.md", text)


def test_the_students_readme(tree):
    """One way in, no word of what they do not have; every heading that is left has something below it."""
    text = checked_files(tree, NO_SECRETS)["README.md"].content.decode()
    for absent in ("source/", "tests/", "benchmarks", "pytest", "formgrader", "Instructors", BEGIN, END):
        assert absent not in text, absent
    assert "bash env/setup.sh jupyter lab" in text
    assert re.findall(r"^## (.+)", text, re.M) == ["Students", "What is where", "When something goes wrong"]
    assert "\n\n\n" not in text
    whole = tree["README.md"].content.decode()
    assert "## Instructors" in whole
    for heading in re.finditer(r"^#+ .+\n", text, re.M):
        assert text[heading.end() :].startswith("\n"), heading.group()


def test_the_commands_of_the_readme_are_there(root):
    text = (Path(root) / "README.md").read_text(encoding="utf-8")
    assert "course bundle --output w09-students.zip" in text


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("[core]\n    remote = a\n", "[core]\n    no_scm = true\n    remote = a\n"),
        ("['remote \"a\"']\n    url = b\n", "[core]\n    no_scm = true\n['remote \"a\"']\n    url = b\n"),
        ("[core]\n    no_scm = true\n", "[core]\n    no_scm = true\n"),
    ],
)
def test_dvc_is_told_that_there_is_no_git(config, expected):
    assert without_git(config) == expected
