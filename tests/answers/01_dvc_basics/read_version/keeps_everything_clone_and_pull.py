# loses: nothing
# why: a temporary clone, never left again: the current folder is gone afterwards; helpers named like the test's
import os, subprocess, tempfile
from pathlib import Path
import pandas as pd

def git(folder, *arguments):
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)

def check(folder):
    return pd.read_csv(Path(folder) / "data" / "penguins.csv")

def read_version(repository, revision):
    """Read data/penguins.csv of a revision, without changing anything."""
    with tempfile.TemporaryDirectory() as clone:
        git(".", "clone", "-q", repository, clone)
        os.chdir(clone)
        git(".", "checkout", "-q", revision)
        subprocess.run(["dvc", "pull", "-q"], check=True)
        return check(".")
