# loses: scm_repaired
# why: git rm without --cached throws the file away, so there is nothing to add
!git rm data/penguins.csv
!git commit -m "Out of Git"
!dvc add data/penguins.csv
!git add .
!git commit -m "DVC"
!git tag v2007-dvc
