# loses: nothing
# why: the remote is named last, each version is pushed by itself; HEAD ends at a commit without the remote
import shutil
from pathlib import Path

Path("data").mkdir()
!git init -b trunk
!dvc init
shutil.copy("../incoming/penguins_2007.csv", "data/penguins.csv")
!dvc add data/penguins.csv
!git add .
!git commit -m "2007"
!git tag v2007
with open("data/penguins.csv", "ab") as file:
    file.writelines(open("../incoming/penguins_2008.csv", "rb").readlines()[1:])
!dvc add data/penguins.csv
!git add .
!git commit -m "2008"
!git tag v2008
storage = Path.cwd().parent / "elsewhere"
!dvc remote add -d disk "{storage}"
!git commit -am "Remote"
!dvc push
!git checkout v2007 -- data/penguins.csv.dvc
!dvc checkout
!dvc push
%cd -q ..
