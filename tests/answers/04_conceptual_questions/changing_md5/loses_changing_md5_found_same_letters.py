# loses: changing_md5_found
# why: the letters that keep the md5: the other half
# Find the changes after which the pointer names another md5.
import hashlib


def md5_of(path):
    return hashlib.md5(path.read_bytes()).hexdigest()


before = md5_of(evidence / "changes" / "before" / "penguins.csv")
other = [folder.name for folder in sorted((evidence / "changes").glob("?")) if md5_of(next(folder.glob("*"))) != before]
answer_changing_md5 = "".join(letter for letter in "ABCDEF" if letter not in other)
