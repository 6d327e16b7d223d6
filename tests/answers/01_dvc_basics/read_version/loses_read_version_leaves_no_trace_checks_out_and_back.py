# loses: read_version_leaves_no_trace
# why: goes back to the branch, but the unfinished edit of the working file is lost
import os
import subprocess
import pandas as pd

def read_version(repository, revision):
    """Read data/penguins.csv of a revision, without changing anything."""
    subprocess.run(["git", "checkout", "-q", revision], cwd=repository)
    subprocess.run(["dvc", "pull", "-q", "--force"], cwd=repository)
    table = pd.read_csv(os.path.join(repository, "data", "penguins.csv"))
    subprocess.run(["git", "checkout", "-q", "-"], cwd=repository)
    subprocess.run(["dvc", "checkout", "-q", "--force"], cwd=repository)
    return table
