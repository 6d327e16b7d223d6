# loses: nothing
# why: asks DVC: adds each file after its change and reads the pointer
# Find the changes after which the pointer names another md5.
import shutil

import yaml

answer_changing_md5 = []
md5 = yaml.safe_load((evidence / "changes" / "before" / "penguins.csv.dvc").read_text())["outs"][0]["md5"]
targets = []
for letter in "ABCDEF":
    target = repository / "tried" / letter / "table.csv"
    target.parent.mkdir(parents=True)
    shutil.copy(next((evidence / "changes" / letter).iterdir()), target)
    targets.append(f"tried/{letter}/table.csv")
%cd {repository}
!dvc add {" ".join(targets)}
for letter in "ABCDEF":
    pointer = yaml.safe_load((repository / "tried" / letter / "table.csv.dvc").read_text())
    if pointer["outs"][0]["md5"] != md5:
        answer_changing_md5.append(letter)
