# loses: nothing
# why: looks which files the second dvc add put into the cache; goes elsewhere, rebinds names
import hashlib, os, shutil, subprocess
from pathlib import Path

cache = Path(".dvc/cache/files/md5").absolute()
subprocess.run(["dvc", "add", "tracks"], check=True)
subprocess.run(["git", "add", "."], check=True)
subprocess.run(["git", "commit", "-qm", "one"], check=True)
subprocess.run(["git", "tag", "-a", "tracks-1", "-m", "one"], check=True)
before = set(cache.rglob("*"))
shutil.rmtree("tracks")
shutil.move("../incoming/tracks", "tracks")
subprocess.run(["dvc", "commit", "-f", "tracks.dvc"], check=True)
subprocess.run(["git", "commit", "-qam", "two"], check=True)
subprocess.run(["git", "tag", "tracks-2"], check=True)
new = {path.parent.name + path.name for path in set(cache.rglob("*")) - before if path.is_file()}
answer_new_files = tuple(p.name for p in Path("tracks").iterdir() if hashlib.md5(p.read_bytes()).hexdigest() in new)
os.chdir(os.path.expanduser("~"))
os = Path = hashlib = repository = versions = "rebound"
