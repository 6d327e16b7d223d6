# loses: nothing
# why: goes to each tag, with the remote named there by --local, and names it on main in the end
from pathlib import Path

storage = Path.cwd().parent / "storage"

!dvc remote add --local -d storage "{storage}"
for tag in ["v2007", "v2008"]:
    !git checkout -q {tag}
    !dvc checkout -q
    !dvc push
!git checkout -q main
!dvc remote add -d storage "{storage}"
!git commit -qam "Name the remote"
