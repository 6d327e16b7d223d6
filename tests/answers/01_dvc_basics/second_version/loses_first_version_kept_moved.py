# loses: first_version_kept
# why: v2008 is right, but the tag v2007 was moved to the same commit
from pathlib import Path

path = Path("data/penguins.csv")
lines = Path("../incoming/penguins_2008.csv").read_text().splitlines(keepends=True)
path.write_bytes(path.read_bytes() + "".join(lines[1:]).encode())
!dvc add data/penguins.csv
!git commit -am "Season 2008"
!git tag v2008
!git tag --force v2007
