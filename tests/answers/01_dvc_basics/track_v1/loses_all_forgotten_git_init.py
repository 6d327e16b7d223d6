# loses: dataset_tracked, csv_not_in_git
# why: without git init there is no repository of the student's own; an outer one must not be touched
import shutil
from pathlib import Path

Path("data").mkdir(exist_ok=True)
shutil.copy("../incoming/penguins_2007.csv", "data/penguins.csv")
!dvc init
!dvc add data/penguins.csv
!git add .
!git commit -m "Penguins 2007"
!git tag v2007
