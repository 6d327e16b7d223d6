# loses: nothing
# why: merged by seed, the standard error from scipy; a warning on stderr
import sys
import warnings

from scipy import stats

warnings.warn("noise", stacklevel=1)
print("noise", file=sys.__stderr__)
before = runs[runs.variant == "as it was"]
better = dict()
for change in ["change B", "change A"]:
    pairs = before.merge(runs[runs.variant == change], on="seed")
    gain = pairs.loss_y - pairs.loss_x
    better[change] = dict(difference=float(gain.mean()), standard_error=float(stats.sem(gain)), label="not shown")
    if stats.ttest_rel(pairs.loss_y, pairs.loss_x).pvalue < 0.05:
        better[change]["label"] = "better"
