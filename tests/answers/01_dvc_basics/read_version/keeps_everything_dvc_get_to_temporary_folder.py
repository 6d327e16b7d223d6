# loses: nothing
# why: the dvc get command into a temporary folder
import subprocess, sys, tempfile
from pathlib import Path
import pandas as pd

def read_version(repository, revision):
    """Read data/penguins.csv of a revision, without changing anything."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "table.csv"
        subprocess.run(
            [sys.executable, "-m", "dvc", "get", repository, "data/penguins.csv", "--rev", revision, "-o", target],
            check=True,
        )
        return pd.read_csv(target)
