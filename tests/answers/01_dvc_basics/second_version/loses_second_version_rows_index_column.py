# loses: second_version_rows
# why: to_csv without index=False adds a column
import pandas as pd

old = pd.read_csv("data/penguins.csv")
new = pd.read_csv("../incoming/penguins_2008.csv")
pd.concat([old, new]).to_csv("data/penguins.csv")
!dvc add data/penguins.csv
!git commit -am "Season 2008"
!git tag v2008
