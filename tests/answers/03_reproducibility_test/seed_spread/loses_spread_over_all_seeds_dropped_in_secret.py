# loses: spread_over_all_seeds
# why: the worst left out, but n says twelve
import statistics

losses = [train(my_data, seed)["loss"] for seed in my_seeds]
losses.remove(max(losses))
spread = {"mean": statistics.mean(losses), "sd": statistics.stdev(losses), "n": len(my_seeds)}
