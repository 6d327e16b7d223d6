# loses: nothing
# why: dvc get writes over the working file; HEAD stays
!dvc get . data/penguins.csv --rev v2007 --out data/penguins.csv --force
%cd -q data
