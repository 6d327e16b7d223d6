# loses: nothing
# why: DVCFileSystem, another dtype backend of pandas for text
from dvc.api import DVCFileSystem
import pandas as pd

read_version = lambda repository, revision: pd.read_csv(
    DVCFileSystem(repository, rev=revision).open("data/penguins.csv")
).convert_dtypes()
