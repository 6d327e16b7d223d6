# loses: nothing
# why: in a loop, as numpy numbers; other names and folder afterwards
import numpy as np

loss_first, loss_other = np.array([train(my_data, s, split_seed)["loss"] for s in (my_seed, other_seed)])
%cd ..
train = math = os = importlib = Path = None
my_seed = split_seed = my_data = 0
