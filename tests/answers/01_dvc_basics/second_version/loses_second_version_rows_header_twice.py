# loses: second_version_rows
# why: the files were joined with both header lines
from pathlib import Path

path = Path("data/penguins.csv")
path.write_bytes(path.read_bytes() + Path("../incoming/penguins_2008.csv").read_bytes())
!dvc add data/penguins.csv
!git commit -am "Season 2008"
!git tag v2008
