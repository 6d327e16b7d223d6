# loses: nothing
# why: only the pointer file goes back, then dvc checkout of that file
!git checkout v2007 -- data/penguins.csv.dvc
!dvc checkout data/penguins.csv.dvc
