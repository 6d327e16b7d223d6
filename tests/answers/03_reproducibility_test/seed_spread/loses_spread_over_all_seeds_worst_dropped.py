# loses: spread_over_all_seeds
# why: the worst loss left out as an outlier
import statistics

losses = [train(my_data, seed)["loss"] for seed in my_seeds]
losses.remove(max(losses))
spread = {"mean": statistics.mean(losses), "sd": statistics.stdev(losses), "n": len(losses)}
