"""The course's policies for nbgrader. Read by every nbgrader command that is started in this folder.

Each setting says what it does and why it is not left at nbgrader's own value. The README, *Instructors*, has the cycle
of commands.
"""

import os
from contextlib import suppress
from pathlib import Path

from nbconvert.preprocessors import ClearMetadataPreprocessor
from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearOutput,
    DeduplicateIds,
    IncludeHeaderFooter,
    LimitOutput,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)

from mlops_course.grading import archives, feedback, hand_in, marking, preprocessors, scripts, uploads
from mlops_course.grading.decisions import LeaveToDecide
from mlops_course.grading.header import IncludeHeader
from mlops_course.lab import validate_terminal

c = get_config()  # noqa: F821 (nbgrader defines it)

HERE = Path(__file__).resolve().parent

# ---------------------------------------------------------------- Course and exchange

# The name students see in the assignment list.
c.CourseDirectory.course_id = "w09"
c.CourseDirectory.root = str(HERE)

# Where assignments are handed out and taken in. For a class this must be a folder that everybody reaches
# (https://nbgrader.readthedocs.io/en/stable/configuration/nbgrader_config.html); set NBGRADER_EXCHANGE to it.
# Without it, a folder beside the course serves for trying things out on one computer.
c.Exchange.root = os.environ.get("NBGRADER_EXCHANGE", str(HERE / "exchange"))
with suppress(OSError):  # Validate and the zip route need no exchange; the commands that do say what is wrong
    Path(c.Exchange.root).mkdir(parents=True, exist_ok=True)

# ---------------------------------------------------------------- What is handed in

# What an assignment's notebooks make when they run is not handed in: the notebook makes it again.
c.CourseDirectory.ignore = [
    ".ipynb_checkpoints", "*.pyc", "__pycache__", ".git", ".dvc", "work", "mlflow.db*", "mlruns", "mlartifacts",
    "feedback",
]  # fmt: skip

# Kilobytes. The largest file of the assignment has fewer than 150; a notebook with figures has at most a few thousand.
# `nbgrader submit` leaves a larger file out, and says so; `course check --zip` puts a notebook in without its outputs,
# and makes no zip without another file. The limit of the whole folder counts the scratch folder, too, although that is
# not handed in.
c.CourseDirectory.max_file_size = 10_000
c.CourseDirectory.max_dir_size = 2_000_000

# ---------------------------------------------------------------- Generating the version for students

# Name, STUDENT_ID, rules and the locked set-up cell, put in front of each notebook. An assignment week-10 may have its
# own in source/header_week-10.ipynb: IncludeHeader, in place of nbgrader's IncludeHeaderFooter, looks there first.
c.IncludeHeaderFooter.header = "source/header.ipynb"
c.GenerateAssignment.preprocessors = [
    IncludeHeader if preprocessor is IncludeHeaderFooter else preprocessor
    for preprocessor in GenerateAssignment.class_traits()["preprocessors"].default()
]

# No `raise` in the stub: "Run All" shall go on past a task that is not done yet. The grade cells say what is missing.
c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE"}
c.ClearSolutions.text_stub = "YOUR ANSWER HERE"

# ---------------------------------------------------------------- Grading

# Seconds for one cell. Creating an MLflow store and importing scikit-learn can take ten on a slow computer, and a right
# answer that has MLflow find out its own requirements takes ten for each run; one test makes five.
c.ExecutePreprocessor.timeout = 240

# One clear line for what cannot be graded, before nbgrader tries.
c.Autograde.pre_convert_hook = hand_in.look_at

# A byte-order mark, which editors of Windows put in front of a file, costs nobody a notebook.
c.Autograde.exporter_class = hand_in.MarkedNotebookExporter

# First the trusted cells are put back. RestoreCells finds cells that an editor stripped of their metadata, and puts
# back those that were deleted; nbgrader's OverwriteCells then puts back their text, type and points.
c.Autograde.sanitize_preprocessors = [
    ClearOutput,
    preprocessors.RestoreCells,
    DeduplicateIds,
    OverwriteKernelspec,
    OverwriteCells,
    CheckCellMetadata,
    preprocessors.CheckStudentId,
]

# Tests run in a kernel of their own, where no code of a student's ever runs: see mlops_course/execution/boundary. A
# test that needs the student's kernel carries the cell tag `together`.
c.SandboxedExecute.separate_tests = True

# Then everything runs, in a sandbox, and goes on when a kernel dies. What a grade cell's tools say on stderr costs no
# points. A question that only holds the mark scheme waits for nobody; a test that lost its points to a limit or to a
# kernel that ended waits for a person.
# What lies in autograded/ runs nothing in a browser.
c.Autograde.autograde_preprocessors = [
    preprocessors.SandboxedExecute,
    preprocessors.IgnoreStderr,
    ClearMetadataPreprocessor,
    LimitOutput,
    SaveAutoGrades,
    preprocessors.SettleQuestions,
    LeaveToDecide,
    AssignLatePenalties,
    CheckCellMetadata,
    scripts.DisarmScripts,
]

# ---------------------------------------------------------------- Validate

# In a terminal nbgrader cuts off a test's message and shows a traceback for a cell that was split. It says what the
# button in JupyterLab says.
c.Validator.Execute.on_notebook_start = validate_terminal.start
c.Validator.Execute.on_cell_error = validate_terminal.failed
c.ValidateApp.logging_config = validate_terminal.LOGGING

# ---------------------------------------------------------------- Formgrader

# Its page for marking by hand shows the mark scheme beside each answer. Feedback has none: it is taken out before.
c.HTMLExporter.preprocessors = [marking.MarkingView]

# Its first page would show this whole configuration, unformatted.
c.FormgradeExtension.debug = False

# ---------------------------------------------------------------- Feedback

# Without hidden tests and mark schemes, in the cells and in the messages of failed tests. What a student displays stays
# in its own box on the page.
# What waits for a person is "pending" there, not 0.
c.GenerateFeedback.preprocessors = feedback.PREPROCESSORS
c.GenerateFeedback.exporter_class = feedback.FeedbackExporter

# ---------------------------------------------------------------- Grades out

# nbgrader's table, in which a comma in a name shifts the columns and an answer that waits for points looks final, made
# careful. For Moodle: `--exporter mlops_course.grading.export.MoodleGrades`.
c.ExportApp.plugin_class = "mlops_course.grading.export.GradesTable"

# ---------------------------------------------------------------- Submissions from a learning management system

# Submissions come as one zip for each student, called week-09_STUDENT_ID.zip. Learning management systems put more in
# front of the name, or a folder around it: "Ana Lovelace_4711_assignsubmission_file_week-09_ana.zip" (Moodle),
# "lovelaceana_4711_815_week-09_ana.zip" (Canvas). README, *Students without the exchange*, shows the two commands.
# A second upload that became "week-09_ana (1).zip" counts as Ana's, and the newest is taken. The outermost folder of
# such a name says whose a file is, whatever lies in it. What macOS adds to zips is left out.
c.ZipCollectApp.collector_plugin = uploads.UploadCollector
c.FileNameCollectorPlugin.named_regexp = (
    r"(?!.*__MACOSX).*[/\\]extracted[/\\](?:[^/\\]+[/\\])*?(?:[^/\\]*_)?week-\d+_(?P<student_id>[\w.@+-]+?)"
    r"(?: ?\(\d+\))?[/\\](?:(?:[^/\\]+[/\\])*week-\d+[/\\])?(?P<file_id>.+)$"
)

# nbgrader unpacks any archive, and the archives in it: a few kilobytes can fill the disk. This one looks first, refuses
# what is too large, encrypted, broken or leads out of its folder, says so in one line, and goes on with the others.
c.ZipCollectApp.extractor_plugin = archives.CarefulExtractor
