# loses: spread_deviation
# why: the variance
import statistics

losses = [train(my_data, seed)["loss"] for seed in my_seeds]
spread = {"mean": statistics.mean(losses), "sd": statistics.variance(losses), "n": len(losses)}
