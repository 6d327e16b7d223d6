# loses: requirements_pinned
# why: >= installs something else next month
import subprocess
import sys

frozen = subprocess.run([sys.executable, "-m", "pip", "freeze"], capture_output=True, text=True).stdout
with open("requirements.txt", "w") as file:
    file.write(frozen.replace("==", ">="))
