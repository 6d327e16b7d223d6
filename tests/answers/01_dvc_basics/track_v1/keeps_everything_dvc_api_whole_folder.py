# loses: nothing
# why: the folder data is tracked as one, through DVC's Python API, and main went on after the tag
import os
import shutil

from dvc.repo import Repo

!git init
repo = Repo.init(".")
os.makedirs("data")
shutil.copyfile("../incoming/penguins_2007.csv", "data/penguins.csv")
repo.add("data")
!git add -A
!git commit -m "Data folder"
!git tag v2007
repo.close()
!git commit --allow-empty -m "Later work"
