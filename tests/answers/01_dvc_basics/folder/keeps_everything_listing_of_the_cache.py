# loses: nothing
# why: reads the two listings in the cache; answers with paths, as a set
import json, shutil, yaml
from pathlib import Path

def listing():
    md5 = yaml.safe_load(Path("tracks.dvc").read_text())["outs"][0]["md5"]
    return json.loads((Path(".dvc/cache/files/md5") / md5[:2] / md5[2:]).read_text())

!dvc add -q tracks
!git add -A
!git commit -qm one
!git tag tracks-1
first = {one["md5"] for one in listing()}
for path in Path("tracks").iterdir(): path.unlink()
for path in Path("../incoming/tracks").iterdir(): shutil.copy(path, "tracks")
!dvc add -q tracks
!git add -A
!git commit -qm two
!git tag tracks-2
answer_new_files = {"tracks/" + one["relpath"] for one in listing() if one["md5"] not in first}
