# loses: nothing
# why: numpy's std divides by n; the seeds in another order; a warning on stderr
import sys
import warnings

import numpy as np

warnings.warn("noise", stacklevel=1)
print("noise", file=sys.__stderr__)
values = np.array([train(my_data, seed, split_seed=seed)["loss"] for seed in sorted(my_seeds, reverse=True)])
spread = dict(mean=values.mean(), sd=values.std(), n=float(len(values)))
train = None
