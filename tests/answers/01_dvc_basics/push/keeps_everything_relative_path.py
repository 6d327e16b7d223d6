# loses: nothing
# why: a relative remote beside the repository, the settings committed last
!dvc remote add -d mine ../shared_data
!dvc push
!git checkout v2007 data/penguins.csv.dvc
!dvc push
!git checkout HEAD data/penguins.csv.dvc
!git add .dvc/config
!git commit -m "Name the remote"
