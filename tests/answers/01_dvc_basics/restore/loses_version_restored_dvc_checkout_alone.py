# loses: version_restored
# why: pointer file and data agree already: nothing happens
!dvc checkout
!dvc status
