# loses: dataset_tracked
# why: the tag has another name; the CSV is not in Git all the same
import shutil
from pathlib import Path

!git init
!dvc init
Path("data").mkdir(exist_ok=True)
shutil.copy("../incoming/penguins_2007.csv", "data/penguins.csv")

!dvc add data/penguins.csv
!git add .
!git commit -m "Penguins 2007"
!git tag 2007
