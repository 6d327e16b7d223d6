# loses: nothing
# why: written by pandas: NA becomes empty, 181 becomes 181.0, the same table
import pandas as pd

old = pd.read_csv("data/penguins.csv")
new = pd.read_csv("../incoming/penguins_2008.csv")
pd.concat([old, new], ignore_index=True).to_csv("data/penguins.csv", index=False)
!dvc add data/penguins.csv
!git add .
!git commit -m "Season 2008"
!git tag v2008
