"""The instructor's week by mouse: from generate to feedback in formgrader, in a tab of JupyterLab."""

import copy
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from playwright.sync_api import expect

from tests.browser import lab as labs

WEEK = "week-09"
NOTEBOOK = "04_conceptual_questions"
HOME_SECRET = "a-secret-of-the-home"
PATIENCE = 120_000  # milliseconds for what starts a sandbox on a busy computer

# What ben hands in instead of an answer: he looks for the solutions, the home and the environment, and writes a script.
SPY = """
import os, pathlib
for folder in ({course!r}, {home!r}):
    for path in (folder, folder + "/source", folder + "/gradebook.db", folder + "/secret.txt"):
        try:
            found = os.listdir(path) if os.path.isdir(path) else pathlib.Path(path).read_text(errors="replace")
        except OSError as problem:
            found = type(problem).__name__
        print("SPY:", found)
print("SPY:", os.environ.get("SECRET_OF_THE_SERVER"))
from IPython.display import HTML, display
display(HTML("<script>document.title = 'SCRIPT OF BEN'</script>"))
"""


def read(course, room):
    return nbformat.read(course / room / WEEK / f"{NOTEBOOK}.ipynb", as_version=4)


def solutions(course):
    return {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in read(course, "source").cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    }


def submit(course, exchange, student, answers):
    """Lay a submission into the exchange, as `nbgrader submit` does."""
    notebook = copy.deepcopy(read(course, "release"))
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.source = answers.get(name, cell.source)
        if cell.id == "student":
            cell.source = cell.source.replace('STUDENT_ID = ""', f'STUDENT_ID = "{student}"')
    folder = exchange / "w09" / "inbound" / f"{student}+{WEEK}+2026-11-20 10:00:00 UTC+0123456789abcdef"
    shutil.copytree(course / "release" / WEEK, folder)
    nbformat.write(notebook, folder / f"{NOTEBOOK}.ipynb")
    (folder / "timestamp.txt").write_text("2026-11-20 10:00:00 UTC", encoding="utf-8")
    (folder / "submission_secret.txt").write_text(f"secret of {student}", encoding="utf-8")


def small_course(folder):
    """Copy the course, with the one notebook that has written answers."""
    course = labs.copy_course(folder)
    for room in ("source", "release"):
        for path in (course / room / WEEK).glob("*.ipynb"):
            if path.stem != NOTEBOOK:
                path.unlink()
    return course


def open_formgrader(page, lab):
    """Open formgrader from JupyterLab's menu; give its frame."""
    page.goto(lab.url())
    page.get_by_role("menuitem", name="Nbgrader").click()
    page.get_by_role("menuitem", name="Formgrader", exact=True).click()
    frame = page.frame_locator("iframe[src*='formgrader']")
    expect(frame.get_by_role("link", name=WEEK, exact=True)).to_be_visible()
    return frame


def picture(page, name):
    if folder := os.environ.get("SCREENSHOTS"):
        page.wait_for_timeout(500)  # until windows have faded in; for people's eyes only
        page.screenshot(path=Path(folder) / f"formgrader-{name}.png")


def press(page, frame, button, name):
    """Press a button, wait for its window, close it; give what it said."""
    button.click()
    window = frame.locator("#success-modal, #error-modal")
    expect(window).to_be_visible(timeout=PATIENCE)
    text = window.inner_text()
    picture(page, name)
    window.locator(".modal-footer button").click()
    expect(window).to_have_count(0)
    return text


def row(frame, student):
    return frame.locator("tbody tr", has=frame.locator("td.student-id", has_text=student))


@pytest.fixture
def course(module_path, request):
    # nbgrader takes brackets in a path for a pattern.
    return small_course(module_path / re.sub(r"\W+", "_", request.node.name) / "course")


@pytest.mark.slow
def test_from_generate_to_feedback(page, course):
    """Everything an instructor does for a class, in the order of the README."""
    home = course.parent / "home"
    home.mkdir()
    (home / "secret.txt").write_text(HOME_SECRET, encoding="utf-8")
    with labs.serve(course, home, SECRET_OF_THE_SERVER=HOME_SECRET) as lab:
        frame = open_formgrader(page, lab)
        expect(frame.locator(".alert")).to_have_count(0)  # no warning about an exchange or a course without a name
        expect(frame.get_by_text("Current configuration")).to_have_count(0)
        picture(page, "1-assignments")

        said = press(page, frame, frame.locator(".assign a"), "2-generated")
        assert "Successfully created the student version" in said
        assert "MARK SCHEME" not in (course / "release" / WEEK / f"{NOTEBOOK}.ipynb").read_text(encoding="utf-8")
        assert "Successfully released" in press(page, frame, frame.locator(".release a"), "3-released")
        expect(frame.locator(".status")).to_have_text("released")

        right = solutions(course)
        submit(course, course / "exchange", "ana", right)
        submit(
            course, course / "exchange", "ben", right | {"lost_version": SPY.format(course=str(course), home=str(home))}
        )
        assert "Successfully collected" in press(page, frame, frame.locator(".collect a"), "4-collected")

        frame.locator(".num-submissions a").click()
        expect(row(frame, "ana").locator(".status")).to_have_text("needs autograding")
        for student in ("ana", "ben"):
            said = press(page, frame, row(frame, student).locator(".autograde a"), f"5-autograded-{student}")
            assert f"Successfully autograded '{WEEK}' for student '{student}'." in said
            assert "Copying" not in said
            assert "checksum" not in said
            expect(row(frame, student).locator(".status")).to_have_text("needs manual grading")
        expect(row(frame, "ana").locator(".score")).to_have_text("17 / 32")
        expect(row(frame, "ben").locator(".score")).to_have_text("13 / 32")
        picture(page, "6-submissions")
        what_the_spy_saw(course, home)

        mark_by_hand(page, frame)
        feedback(page, frame, lab, course)


def what_the_spy_saw(course, home):
    graded = nbformat.read(course / "autograded" / "ben" / WEEK / f"{NOTEBOOK}.ipynb", as_version=4)
    (cell,) = [cell for cell in graded.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == "lost_version"]
    seen = "".join(output.get("text", "") for output in cell.outputs)
    assert re.findall("^SPY: (.*)$", seen, re.M) == ["FileNotFoundError"] * 8 + ["None"], seen
    assert HOME_SECRET not in nbformat.writes(graded)
    # The same looks, outside: the wrong input on which this check would fail.
    assert (course / "source").is_dir()
    assert (home / "secret.txt").read_text(encoding="utf-8") == HOME_SECRET


def mark_by_hand(page, frame):
    """Give points and a comment, with the mark scheme in view beside the answer."""
    frame.get_by_role("link", name="Manual Grading").click()
    for link in (WEEK, NOTEBOOK):
        frame.get_by_role("link", name=link, exact=True).click()
    expect(frame.get_by_role("link", name="Submission #2")).to_be_visible()
    frame.get_by_role("link", name="Submission #1").click()
    expect(frame.locator("aside.mark-scheme")).to_have_count(3)
    expect(frame.get_by_text("MARK SCHEME ===")).to_have_count(0)
    frame.get_by_role("link", name="Question 1 · Why is versioning data important?").first.click()
    answer = frame.locator(".nbgrader_cell", has=frame.locator("#why_version_data"))
    expect(answer.locator("aside")).to_contain_text("1 point: what is lost.")
    text = answer.get_by_text("The 0.22 of 3 March belongs to bytes")
    expect(text).to_be_in_viewport()
    expect(answer.locator("aside")).to_be_in_viewport()
    boxes = text.evaluate(
        "p => { const r = document.createRange(); r.selectNodeContents(p);"
        " const a = p.parentElement.querySelector('aside').getBoundingClientRect(), t = r.getBoundingClientRect();"
        " return [t.right, a.left, t.top, a.bottom, a.top, t.bottom]; }"
    )
    assert boxes[0] <= boxes[1], "the answer runs into the mark scheme"
    assert boxes[2] < boxes[3], "the mark scheme does not stand beside the answer"
    assert boxes[4] < boxes[5], "the mark scheme does not stand beside the answer"
    for name in ("Prev", "Next"):
        frame.get_by_role("link", name=name).click(trial=True)  # nothing covers it
    picture(page, "7-marking")
    for question, points in (
        ("why_version_data", "4.5"),
        ("untracked_hyperparameters", "3"),
        ("tracking_for_a_team", "5"),
    ):
        cell = frame.locator(".nbgrader_cell", has=frame.locator(f"#{question}"))
        cell.locator("input.score").fill(points)
        cell.locator("input.score").press("Tab")  # formgrader saves a box when it is left
        expect(cell.locator(".score-saved")).to_be_visible()
    comment = frame.locator("#why_version_data-comment")
    comment.fill("Which of the two changes moved the loss?")
    comment.press("Escape")
    expect(frame.locator(".nbgrader_cell", has=comment).locator(".comment-saved")).to_be_visible()
    picture(page, "8-marked")


def feedback(page, frame, lab, course):
    """Make it and hand it out for both; look at the page of the one who wrote a script."""
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        marked = {s.student.id: s.written_score for s in gradebook.assignment_submissions(WEEK)}
    assert sorted(marked.values()) == [0, 12.5]
    (student,) = [name for name, points in marked.items() if points]
    frame.get_by_role("link", name="Manual Grading").click()
    frame.get_by_role("link", name="Manage Assignments").click()
    said = press(page, frame, frame.locator(".generate-feedback a"), "9-feedback-generated")
    assert "Successfully generated feedback" in said
    assert "WARNING" not in said
    assert "Successfully released feedback" in press(
        page, frame, frame.locator(".release-feedback a"), "10-feedback-released"
    )
    assert len(list((course / "exchange" / "w09" / "feedback").rglob("*.html"))) == 2
    hidden = ["MARK SCHEME", "1 point: what is lost", "HIDDEN TESTS", "can be restored, the remote has its bytes"]
    source = nbformat.writes(read(course, "source"))
    for name in ("ana", "ben"):
        path = course / "feedback" / name / WEEK / f"{NOTEBOOK}.html"
        page.goto(lab.url(f"files/{path.relative_to(course)}"))
        expect(page.get_by_text("lost_version_found").first).to_be_attached()
        expect(page.get_by_text("(Score: 0.0 / 0.0)")).to_have_count(0)  # a question is worth nothing itself
        html = path.read_text(encoding="utf-8")
        for secret in hidden:
            assert secret in source, secret
            assert secret not in html, secret
        assert ("Which of the two changes moved the loss?" in html) == (name == student)
        picture(page, f"11-feedback-{name}")
    # Opened as a student does, from a file, with scripts allowed.
    page.goto(path.as_uri())
    expect(page.get_by_text("SPY:").first).to_be_visible()
    assert page.title() != "SCRIPT OF BEN"


@pytest.mark.slow
def test_the_points_of_course_grade_stand_in_formgrader(page, course):
    """`course grade` and the button fill the same gradebook; the pages show what the report says."""
    right = solutions(course)
    for student, answers in (("ana", right), ("ben", right | {"lost_version": "answer_lost_version = 'v2008'"})):
        submit(course, course / "exchange", student, answers)
        shutil.copytree(next((course / "exchange").rglob(f"{student}+*")), course / "submitted" / student / WEEK)
    home = course.parent / "home"
    with labs.serve(course, home) as lab:
        program = Path(sys.executable).parent
        for command in (("nbgrader", "generate_assignment", WEEK, "--force"), ("course", "grade", WEEK)):
            subprocess.run([program / command[0], *command[1:]], cwd=course, env=labs.variables(home), timeout=300)
        report = json.loads((course / "grading_report.json").read_text(encoding="utf-8"))
        points = {one["student"]: sum(cell["points"] or 0 for cell in one["cells"]) for one in report["outcomes"]}
        assert points == {"ana": 17, "ben": 13}
        frame = open_formgrader(page, lab)
        frame.locator(".num-submissions a").click()
        for student, score in points.items():
            expect(row(frame, student).locator(".score")).to_have_text(f"{score:g} / 32")
        frame.get_by_role("link", name="Manage Students").click()
        frame.locator("tbody tr", has=frame.get_by_text("ben", exact=True)).get_by_role("link").first.click()
        picture(page, "12-student")
        frame.get_by_role("link", name=WEEK, exact=True).click()
        frame.get_by_role("link", name=NOTEBOOK, exact=True).click()
        expect(frame.locator("#lost_version_found")).to_have_attribute("placeholder", "0")
        expect(frame.locator("#changing_md5_found")).to_have_attribute("placeholder", "3")


# Put at the end of the copy's nbgrader_config.py: grading waits until the test has had an answer, or gives up.
WAITING = """
def wait(**names):
    import time
    (HERE / "begun").touch()
    for _ in range({seconds} * 20):
        if (HERE / "go").exists():
            return
        time.sleep(0.05)
    (HERE / "gave_up").touch()
    raise SystemExit("course: nobody said go")

c.Autograde.pre_convert_hook = wait
"""


def post(lab, path):
    request = urllib.request.Request(lab.url(f"formgrader/api/{path}"), method="POST", data=b"")
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.loads(answer.read())


def get(lab, path):
    with urllib.request.urlopen(lab.url(path), timeout=120) as answer:
        return answer.read().decode()


@pytest.mark.parametrize("beside", [True, False], ids=["beside", "nbgrader alone"])
def test_the_server_answers_while_a_submission_is_graded(course, beside, forbidden_bubblewrap):
    """With our extension; without it, as a control, it answers only when grading has ended."""
    shutil.copytree(course / "release" / WEEK, course / "submitted" / "ana" / WEEK)
    with (course / "nbgrader_config.py").open("a", encoding="utf-8") as config:
        config.write(WAITING.format(seconds=60 if beside else 2))
    # An exchange elsewhere, or one that cannot be made; a bubblewrap that may not be used.
    exchange = course.parent / "elsewhere" if beside else Path("/proc/nowhere")
    options = () if beside else ("--ServerApp.jpserver_extensions={'mlops_course.lab.formgrader': False}",)
    more = {"NBGRADER_EXCHANGE": str(exchange), "PATH": f"{forbidden_bubblewrap}:{Path(sys.executable).parent}"}
    with labs.serve(course, course.parent / "home", *options, **more) as lab:
        first = get(lab, "formgrader/manage_assignments")
        assert ("warning-exchange" in first) == (not beside)
        if beside:
            post(lab, f"assignment/{WEEK}/assign")
            assert post(lab, f"assignment/{WEEK}/release")["success"]
            assert (exchange / "w09" / "outbound" / WEEK).is_dir()
            assert not (course / "exchange").exists()

        said = {}
        button = threading.Thread(target=lambda: said.update(post(lab, f"submission/{WEEK}/ana/autograde")))
        button.start()
        while not (course / "begun").exists():
            button.join(0.05)
            assert button.is_alive(), said
        get(lab, "api/status")
        assert (course / "gave_up").exists() == (not beside)
        assert button.is_alive() or not beside
        (course / "go").touch()
        button.join(120)
        assert not said["success"]
        if beside:
            assert said.keys() == {"success", "log"}  # no traceback
            log = " ".join(said["log"].split())
            assert "The sandbox cannot be started: bwrap: No permissions to create new namespace. Allow user" in log
            assert not (course / "autograded" / "ana" / WEEK).exists()
