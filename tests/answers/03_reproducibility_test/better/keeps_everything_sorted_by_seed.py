# loses: nothing
# why: sorted by seed, NumPy arrays subtracted
import numpy as np

ordered = runs.sort_values("seed")
loss = {name: part["loss"].to_numpy() for name, part in ordered.groupby("variant")}
better = {}
for change in ("change A", "change B"):
    gain = loss[change] - loss["as it was"]
    error = gain.std(ddof=1) / np.sqrt(gain.size)
    better[change] = {"difference": gain.mean(), "standard_error": error, "label": "not shown"}
    if gain.mean() + 2 * error < 0:
        better[change]["label"] = "better"
