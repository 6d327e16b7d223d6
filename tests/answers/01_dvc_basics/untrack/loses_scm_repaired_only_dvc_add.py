# loses: scm_repaired
# why: dvc add refuses, nothing is repaired, and the tag names Ana's commit
!dvc add data/penguins.csv
!git add .
!git commit -m "DVC"
!git tag v2007-dvc
