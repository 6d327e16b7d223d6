# loses: version_restored
# why: Git does not have the CSV, so it cannot give it back
!git checkout v2007 -- data/penguins.csv
!dvc checkout
