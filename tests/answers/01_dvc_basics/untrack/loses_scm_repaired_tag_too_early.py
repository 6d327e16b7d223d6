# loses: scm_repaired
# why: tagged after the file left Git, before DVC's pointer file was committed
!git rm --cached data/penguins.csv
!git commit -m "Stop tracking data/penguins.csv"
!git tag v2007-dvc
!dvc add data/penguins.csv
!git add .
!git commit -m "DVC"
