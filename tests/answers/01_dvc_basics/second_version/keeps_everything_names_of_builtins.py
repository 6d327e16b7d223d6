# loses: nothing
# why: right, but uses the names list, str and open for its own values
str = "data/penguins.csv"
with open("../incoming/penguins_2008.csv", "rb") as open:
    list = open.readlines()[1:]
from pathlib import Path

Path(str).write_bytes(Path(str).read_bytes() + b"".join(list))
!dvc add --quiet data/penguins.csv
!git commit --quiet --all -m "Season 2008"
!git tag v2008
