# loses: version_restored
# why: 110 lines of 2007, but with the corrected values
from pathlib import Path

path = Path("data/penguins.csv")
lines = path.read_text().splitlines(keepends=True)
path.write_text("".join([lines[0]] + [line for line in lines if line.endswith(",2007\n")]))
