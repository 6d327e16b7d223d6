# loses: remote_serves_both_versions
# why: a relative remote inside the repository: in a clone the same path is empty
!dvc remote add --default storage storage
!git commit --all -m "Name the remote"
!dvc push
!git checkout v2007 data/penguins.csv.dvc
!dvc push
!git checkout HEAD data/penguins.csv.dvc
