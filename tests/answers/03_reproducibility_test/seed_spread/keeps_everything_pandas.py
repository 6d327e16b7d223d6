# loses: nothing
# why: a pandas Series: n - 1 and numpy numbers; more keys
import pandas as pd

s = pd.Series({seed: train(my_data, seed)["loss"] for seed in my_seeds})
spread = {"mean": s.mean(), "sd": s.std(), "n": s.count(), "smallest": s.min()}
%cd ..
math = statistics = os = Path = importlib = None
