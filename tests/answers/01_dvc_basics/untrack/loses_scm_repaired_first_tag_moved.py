# loses: scm_repaired
# why: v2007 was moved to the new commit, too: others know another one by that name
!git rm --cached data/penguins.csv
!dvc add data/penguins.csv
!git add .
!git commit -m "DVC"
!git tag v2007-dvc
!git tag --force v2007
