# loses: spread_over_all_seeds
# why: the accuracy instead of the loss
import statistics

losses = [train(my_data, seed)["accuracy"] for seed in my_seeds]
spread = {"mean": statistics.mean(losses), "sd": statistics.stdev(losses), "n": len(losses)}
