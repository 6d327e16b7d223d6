# loses: nothing
# why: the two commands of DVC's message, a commit for each step, an annotated tag, on a branch
!git switch -c ana/dvc
!dvc add data/penguins.csv
!git rm -r --cached 'data/penguins.csv'
!git commit -m "stop tracking data/penguins.csv"
!dvc add data/penguins.csv
!git add data/.gitignore data/penguins.csv.dvc
!git commit -m "Track with DVC"
!git tag -a v2007-dvc -m "with DVC"
!git switch main
%cd -q ..
