# loses: nothing
# why: writes .dvc/config by hand, without blanks around the equals signs
from pathlib import Path

storage = (Path.cwd().parent / "bytes").as_posix()
Path(".dvc/config").write_text(f"[core]\nremote=away\n['remote \"away\"']\nurl={storage}\n")
!git commit --quiet --all --message "Name the remote"
for tag in ("v2007", "v2008"):
    !git checkout --quiet {tag} -- data/penguins.csv.dvc
    !dvc push
