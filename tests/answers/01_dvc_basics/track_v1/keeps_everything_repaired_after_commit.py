# loses: nothing
# why: CSV committed first, then taken out of Git as DVC's message says; the tagged commit is right
import shutil
from pathlib import Path

!git init
!dvc init
Path("data").mkdir(exist_ok=True)
shutil.copy("../incoming/penguins_2007.csv", "data/penguins.csv")

!git add .
!git commit -m "Too early"
!dvc add data/penguins.csv
!git rm -r --cached "data/penguins.csv"
!git commit -m "Stop tracking data/penguins.csv"
!dvc add data/penguins.csv
!git add .
!git commit -m "Pointer"
!git tag -a v2007 -m "Season 2007"
