# loses: read_version_any_revision
# why: the text of the file instead of a table; what reading leaves behind has nothing to do with that
import dvc.api

def read_version(repository, revision):
    """Read data/penguins.csv of a revision, without changing anything."""
    return dvc.api.read("data/penguins.csv", repo=repository, rev=revision)
