# loses: requirements_complete
# why: the list of another Python: the same names, other versions
import re
import subprocess
import sys

here = subprocess.run([sys.executable, "-m", "pip", "freeze"], capture_output=True, text=True).stdout
elsewhere = re.sub(r"(?m)\.(\d+)$", lambda part: f".{int(part[1]) + 1}", here)
with open("requirements.txt", "w") as file:
    file.write(elsewhere)
