"""Submissions that attack the grading: each is shown to work on plain nbgrader, and must not work on `course grade`."""
