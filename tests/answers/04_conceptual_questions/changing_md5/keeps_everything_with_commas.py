# loses: nothing
# why: a text with commas, letters in reverse; the bytes compared without any hash
# Find the changes after which the pointer names another md5.
before = (evidence / "changes" / "before" / "penguins.csv").read_bytes()
letters = [f.name for f in (evidence / "changes").iterdir() if f.name in "ABCDEF" and next(f.iterdir()).read_bytes() != before]
answer_changing_md5 = ", ".join(sorted(letters, reverse=True))
