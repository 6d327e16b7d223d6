# loses: dataset_tracked, csv_not_in_git
# why: without dvc init the outer DVC folder is used and nothing is ignored: it must not pass
import shutil
from pathlib import Path

!git init
Path("data").mkdir(exist_ok=True)
shutil.copy("../incoming/penguins_2007.csv", "data/penguins.csv")
!dvc add data/penguins.csv
!git add .
!git commit -m "Penguins 2007"
!git tag v2007
