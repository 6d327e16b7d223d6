# loses: dataset_tracked
# why: the right file, tracked at another path than data/: Git keeps no table all the same
import shutil

!git init
!dvc init
shutil.copy("../incoming/penguins_2007.csv", "penguins_2007.csv")
!dvc add penguins_2007.csv
!git add .
!git commit -m "Penguins 2007"
!git tag v2007
