# loses: read_version_any_revision
# why: reads the working file, whatever the revision
import os
import pandas as pd

def read_version(repository, revision):
    """Read data/penguins.csv of a revision, without changing anything."""
    return pd.read_csv(os.path.join(repository, "data", "penguins.csv"))
