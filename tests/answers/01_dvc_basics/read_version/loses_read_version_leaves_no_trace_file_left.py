# loses: read_version_leaves_no_trace
# why: dvc get writes a file into the current folder and leaves it there
import os
import subprocess
import pandas as pd

def read_version(repository, revision):
    """Read data/penguins.csv of a revision, without changing anything."""
    subprocess.run(
        ["dvc", "get", repository, "data/penguins.csv", "--rev", revision, "-o", "old.csv", "--force"], check=True
    )
    return pd.read_csv("old.csv")
