# loses: scm_repaired
# why: DVC tracks it, and Git was forced to keep it as well
!git rm --cached data/penguins.csv
!dvc add data/penguins.csv
!git add .
!git add --force data/penguins.csv
!git commit -m "Both"
!git tag v2007-dvc
