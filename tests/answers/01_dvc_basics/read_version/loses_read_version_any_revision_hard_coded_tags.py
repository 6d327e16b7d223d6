# loses: read_version_any_revision
# why: knows the two tags of the example only
import dvc.api
import pandas as pd

def read_version(repository, revision):
    """Read data/penguins.csv of a revision, without changing anything."""
    if revision in ("v2007", "v2008"):
        with dvc.api.open("data/penguins.csv", repo=repository, rev=revision) as file:
            return pd.read_csv(file)
    raise ValueError(f"unknown revision {revision}")
