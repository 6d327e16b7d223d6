# loses: read_version_leaves_no_trace
# why: right rows, but HEAD and the working file stay at the revision
import os
import subprocess
import pandas as pd

def read_version(repository, revision):
    """Read data/penguins.csv of a revision, without changing anything."""
    subprocess.run(["git", "checkout", "-q", revision], cwd=repository)
    subprocess.run(["dvc", "pull", "-q", "--force"], cwd=repository)
    return pd.read_csv(os.path.join(repository, "data", "penguins.csv"))
