# loses: csv_not_in_git
# why: the pointer is right, but the CSV was forced into the same commit
import shutil
from pathlib import Path

!git init
!dvc init
Path("data").mkdir(exist_ok=True)
shutil.copy("../incoming/penguins_2007.csv", "data/penguins.csv")

!dvc add data/penguins.csv
!git add .
!git add --force data/penguins.csv
!git commit -m "Data and pointer"
!git tag v2007
