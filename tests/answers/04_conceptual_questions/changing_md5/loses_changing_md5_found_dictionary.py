# loses: changing_md5_found
# why: a dictionary of all letters; the contract asks for those that alter it
# Find the changes after which the pointer names another md5.
import hashlib


def md5_of(path):
    return hashlib.md5(path.read_bytes()).hexdigest()


before = md5_of(evidence / "changes" / "before" / "penguins.csv")
other = [folder.name for folder in sorted((evidence / "changes").glob("?")) if md5_of(next(folder.glob("*"))) != before]
answer_changing_md5 = {letter: letter in other for letter in "ABCDEF"}
