# loses: spread_deviation
# why: sd divided by the root of n: the standard error of the mean
import statistics

losses = [train(my_data, seed)["loss"] for seed in my_seeds]
spread = {"mean": statistics.mean(losses), "sd": statistics.stdev(losses) / len(losses) ** 0.5, "n": len(losses)}
