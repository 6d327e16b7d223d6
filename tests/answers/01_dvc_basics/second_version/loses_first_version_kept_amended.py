# loses: first_version_kept
# why: --amend replaces the first commit, so v2007 is not in the history of v2008
from pathlib import Path

path = Path("data/penguins.csv")
lines = Path("../incoming/penguins_2008.csv").read_text().splitlines(keepends=True)
path.write_bytes(path.read_bytes() + "".join(lines[1:]).encode())

!dvc add data/penguins.csv
!git commit --amend -am "Seasons 2007 and 2008"
!git tag v2008
