# loses: second_version_rows
# why: the new file replaced the old one
import shutil

shutil.copy("../incoming/penguins_2008.csv", "data/penguins.csv")
!dvc add data/penguins.csv
!git commit -am "Season 2008"
!git tag v2008
