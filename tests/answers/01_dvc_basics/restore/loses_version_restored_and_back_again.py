# loses: version_restored
# why: went home to main at the end, with dvc checkout
!git checkout v2007
!dvc checkout
!git checkout main
!dvc checkout
