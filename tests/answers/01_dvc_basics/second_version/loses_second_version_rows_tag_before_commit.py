# loses: second_version_rows
# why: v2008 names the commit of v2007; the new commit comes after it
from pathlib import Path

path = Path("data/penguins.csv")
lines = Path("../incoming/penguins_2008.csv").read_text().splitlines(keepends=True)
path.write_bytes(path.read_bytes() + "".join(lines[1:]).encode())

!dvc add data/penguins.csv
!git tag v2008
!git commit -am "Season 2008"
