# loses: nothing
# why: dvc.api reads the bytes, Python writes them; names rebound
import dvc.api as dvc
from pathlib import Path

json = dvc.read("data/penguins.csv", repo=".", rev="v2007", mode="rb")
Path("data/penguins.csv").write_bytes(json)
hashlib = os = Path = json = None
