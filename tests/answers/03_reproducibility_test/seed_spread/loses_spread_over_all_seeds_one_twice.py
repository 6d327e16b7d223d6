# loses: spread_over_all_seeds
# why: one seed used twice
import statistics

losses = [train(my_data, seed)["loss"] for seed in [*my_seeds, my_seeds[-1]]]
spread = {"mean": statistics.mean(losses), "sd": statistics.stdev(losses), "n": len(losses)}
