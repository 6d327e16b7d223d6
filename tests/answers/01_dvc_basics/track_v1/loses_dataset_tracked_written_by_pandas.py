# loses: dataset_tracked
# why: read and written by pandas: the same table, other bytes
from pathlib import Path

import pandas as pd

!git init
!dvc init
Path("data").mkdir()
pd.read_csv("../incoming/penguins_2007.csv").to_csv("data/penguins.csv", index=False)
!dvc add data/penguins.csv
!git add .
!git commit -m "Penguins 2007"
!git tag v2007
