# loses: read_version_any_revision
# why: takes the bytes from the cache, which may be empty
import re, subprocess
from pathlib import Path
import pandas as pd

def read_version(repository, revision):
    """Read data/penguins.csv of a revision, without changing anything."""
    text = subprocess.run(
        ["git", "-C", repository, "show", f"{revision}:data/penguins.csv.dvc"], capture_output=True, text=True
    ).stdout
    md5 = re.search(r"md5: (\w+)", text).group(1)
    return pd.read_csv(Path(repository) / ".dvc" / "cache" / "files" / "md5" / md5[:2] / md5[2:])
