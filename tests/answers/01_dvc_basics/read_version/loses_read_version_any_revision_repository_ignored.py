# loses: read_version_any_revision
# why: reads from the current folder, not from the repository that was given
import dvc.api
import pandas as pd

def read_version(repository, revision):
    """Read data/penguins.csv of a revision, without changing anything."""
    with dvc.api.open("data/penguins.csv", rev=revision) as file:
        return pd.read_csv(file)
