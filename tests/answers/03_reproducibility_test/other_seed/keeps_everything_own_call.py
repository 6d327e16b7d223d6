# loses: nothing
# why: the other first, through a function; a warning on stderr; the seeds of the fifth task are not touched
import functools
import sys
import warnings

warnings.warn("noise", stacklevel=1)
print("noise", file=sys.__stderr__)
fixed = functools.partial(train, my_data, split_seed=split_seed, epochs=30, learning_rate=0.01)
loss_other = fixed(other_seed)["loss"]
loss_first = fixed(seed=my_seed)["loss"]
