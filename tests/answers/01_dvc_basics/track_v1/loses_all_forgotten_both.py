# loses: dataset_tracked, csv_not_in_git
# why: neither git init nor dvc init: every command would reach for a repository further up
import shutil
from pathlib import Path

Path("data").mkdir(exist_ok=True)
shutil.copy("../incoming/penguins_2007.csv", "data/penguins.csv")
!dvc add data/penguins.csv
!git add data/penguins.csv.dvc data/.gitignore
!git commit -m "Penguins 2007"
!git tag v2007
