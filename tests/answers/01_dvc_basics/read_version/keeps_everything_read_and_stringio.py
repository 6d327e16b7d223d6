# loses: nothing
# why: dvc.api.read and StringIO; noisy, other imports, the folder is changed and not changed back
import io, os, sys, warnings
from dvc import api
from pandas import read_csv

def read_version(repository, revision):
    """Read data/penguins.csv of a revision, without changing anything."""
    warnings.warn("reading")
    print("reading", revision, file=sys.stderr)
    text = api.read("data/penguins.csv", repo=str(repository), rev=revision)
    os.chdir(os.path.expanduser("~"))
    return read_csv(io.StringIO(text))

dvc = pd = Path = subprocess = tempfile = git = check = "rebound"
