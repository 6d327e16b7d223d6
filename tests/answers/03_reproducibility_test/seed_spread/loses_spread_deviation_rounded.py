# loses: spread_deviation
# why: the mean is right, the deviation rounded to three digits
spread = None  # expected: {"mean": …, "sd": …, "n": …}
import statistics

losses = [train(my_data, seed)["loss"] for seed in my_seeds]
spread = {"mean": statistics.mean(losses), "sd": round(statistics.stdev(losses), 3), "n": len(losses)}
