# loses: second_version_rows, first_version_kept
# why: without dvc add the pointer is unchanged, Git has nothing to commit, and v2008 is v2007
from pathlib import Path

path = Path("data/penguins.csv")
lines = Path("../incoming/penguins_2008.csv").read_text().splitlines(keepends=True)
path.write_bytes(path.read_bytes() + "".join(lines[1:]).encode())

!git commit -am "Season 2008"
!git tag v2008
