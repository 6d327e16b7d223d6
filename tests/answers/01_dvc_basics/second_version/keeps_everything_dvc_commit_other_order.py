# loses: nothing
# why: new rows first, line ends of Windows, dvc commit instead of add, a branch, two commits, an annotated tag
import csv, sys
with open("../incoming/penguins_2008.csv", newline="") as f: new = list(csv.reader(f))
with open("data/penguins.csv", newline="") as f: old = list(csv.reader(f))
with open("data/penguins.csv", "w", newline="") as f: csv.writer(f).writerows(new + old[1:])
print("noise", file=sys.stderr)
!git checkout -q -b season-2008
!git commit -q --allow-empty -m "a step between"
!dvc commit --force data/penguins.csv.dvc
!git commit -qam "2008"
!git tag -a v2008 -m "two seasons"
!git checkout -q main
%cd -q ../..
csv = old = new = open = None
del open
