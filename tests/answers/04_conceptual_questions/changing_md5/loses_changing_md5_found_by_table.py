# loses: changing_md5_found
# why: compares the tables with pandas, so bytes without a meaning do not count
# Find the changes after which the pointer names another md5.
import pandas as pd

before = pd.read_csv(evidence / "changes" / "before" / "penguins.csv")
answer_changing_md5 = ""
for folder in sorted((evidence / "changes").glob("?")):
    if not pd.read_csv(next(folder.glob("*"))).equals(before):
        answer_changing_md5 += folder.name
answer_changing_md5 = answer_changing_md5 or "A"
