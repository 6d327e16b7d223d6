"""What must not matter to a result, and what to say when it does."""

from __future__ import annotations

from typing import NamedTuple


class Variation(NamedTuple):
    """One thing that must not matter to a result."""

    name: str  # short identifier, as in `--vary` and in `report.json`
    label: str  # what it is called in a sentence: "`loss` changes with LABEL"
    cause: str  # what a notebook does that makes its result depend on this
    hint: str  # what to look for and what to write instead


# fmt: off
LISTED = (
    ("hash-seed", "PYTHONHASHSEED", "something iterates over a set or relies on hash()",
     "Look for `set(...)`, `{a, b}`, `hash(...)` and dictionaries made of them; write `sorted(...)` or hashlib."),
    ("listing", "the directory listing", "files are used in the order in which the system happens to list them",
     "Look for `os.listdir`, `os.scandir`, `glob` and `iterdir`; write `sorted(...)` around them."),
    ("working-directory", "the working directory", "the path of the folder enters the result",
     "Look for `os.getcwd`, `Path.cwd`, `__file__` and absolute paths; use paths relative to the notebook."),
    ("temporary-directory", "TMPDIR", "the path of a temporary file enters the result",
     "Look for `tempfile` and names made from it; keep such paths out of features, parameters and sort keys."),
    ("home", "HOME", "the path or the content of the home directory enters the result",
     "Look for `Path.home`, `expanduser` and `~`; keep what a result needs beside the notebook."),
    ("user", "the user name", "the name of whoever runs it enters the result",
     "Look for `getpass.getuser` and the variables USER and LOGNAME."),
    ("host", "the host name", "the name of the computer enters the result",
     "Look for `socket.gethostname` and `platform.node`."),
    ("time-zone", "the time zone", "a local time or date enters the result",
     "Look for `datetime.now()`, `fromtimestamp` and `time.localtime`; name the zone (`tz=datetime.UTC`)."),
    ("locale", "the locale", "sorting, number formats or encodings follow the language settings",
     'Look for `locale`, `strxfrm` and `open()` without `encoding="utf-8"`; sort by code points.'),
    ("clock", "the date", "the current date or time enters the result",
     "Look for `time.time`, `datetime.now` and `date.today`; make the date a parameter."),
    ("file-times", "the times of files", "files are chosen by when they were changed, which Git does not keep",
     'Look for `getmtime`, `st_mtime` and "the newest file"; choose by name.'),
    ("umask", "the umask", "the permissions of new files enter the result",
     "Look for `stat`, `os.access` and archives that store file modes."),
    ("environment", "environment variables", "a variable of the shell it was started from enters the result",
     "Look for `os.environ` and `os.getenv`; make the value a parameter of the notebook."),
    ("threads", "the number of threads", "numbers are added in another order, and floating-point sums depend on it",
     "Look for BLAS, `n_jobs`, thread pools; set OMP_NUM_THREADS, or compare with a tolerance."),
)
# fmt: on
VARIATIONS = {row[0]: Variation(*row) for row in LISTED}
# Varied only on request: it legitimately changes the last bits of a float.
ON_REQUEST = frozenset({"threads"})
