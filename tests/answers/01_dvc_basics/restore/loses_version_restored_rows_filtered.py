# loses: version_restored
# why: the rows of 2007 of the corrected table are not the table of v2007
import pandas as pd

data = pd.read_csv("data/penguins.csv")
data[data["year"] == 2007].to_csv("data/penguins.csv", index=False)
