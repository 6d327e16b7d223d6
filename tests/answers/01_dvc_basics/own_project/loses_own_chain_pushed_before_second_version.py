# loses: own_chain
# why: pushed when only v2007 existed
import shutil
from pathlib import Path

storage = Path.cwd().parent / "storage"
Path("data").mkdir(exist_ok=True)
!git init
!dvc init
!dvc remote add --default storage "{storage}"
shutil.copy("../incoming/penguins_2007.csv", "data/penguins.csv")
!dvc add data/penguins.csv
!git add .
!git commit -m "2007"
!git tag v2007
!dvc push
with open("data/penguins.csv", "ab") as file:
    file.writelines(open("../incoming/penguins_2008.csv", "rb").readlines()[1:])
!dvc add data/penguins.csv
!git add .
!git commit -m "2008"
!git tag v2008
!git checkout v2007
!dvc checkout
