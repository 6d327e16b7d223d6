# loses: version_restored
# why: the raw season is not what v2007 was
import os, shutil

shutil.copy(os.path.join(os.environ["WEEK_09"], "seasons", "penguins_2007.csv"), "data/penguins.csv")
