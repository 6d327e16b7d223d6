# loses: scm_repaired
# why: amended instead of committed anew: the commit that others have is not in the history
!git rm --cached data/penguins.csv
!dvc add data/penguins.csv
!git add .
!git commit --amend -m "Penguins"
!git tag v2007-dvc
