# loses: nothing
# why: a set of small letters; other folder, noise on stderr, names rebound
# Find the changes after which the pointer names another md5.
import hashlib


def md5_of(path):
    return hashlib.md5(path.read_bytes()).hexdigest()


before = md5_of(evidence / "changes" / "before" / "penguins.csv")
other = [folder.name for folder in sorted((evidence / "changes").glob("?")) if md5_of(next(folder.glob("*"))) != before]
import sys

print("noise", file=sys.stderr)
answer_changing_md5 = {letter.lower() for letter in other}
%cd ..
os = re = Path = hashlib = zipfile = "rebound"
