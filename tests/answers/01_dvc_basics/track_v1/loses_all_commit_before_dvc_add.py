# loses: dataset_tracked, csv_not_in_git
# why: everything was committed before dvc add, which then refuses: Git has the CSV, DVC has nothing
import shutil
from pathlib import Path

!git init
!dvc init
Path("data").mkdir(exist_ok=True)
shutil.copy("../incoming/penguins_2007.csv", "data/penguins.csv")

!git add .
!git commit -m "Penguins 2007"
!git tag v2007
!dvc add data/penguins.csv
