# loses: dataset_tracked
# why: git add took the .gitignore only; the pointer file stays untracked
import shutil
from pathlib import Path

!git init
!dvc init
Path("data").mkdir(exist_ok=True)
shutil.copy("../incoming/penguins_2007.csv", "data/penguins.csv")

!dvc add data/penguins.csv
!git add data/.gitignore
!git commit -m "Penguins 2007"
!git tag v2007
