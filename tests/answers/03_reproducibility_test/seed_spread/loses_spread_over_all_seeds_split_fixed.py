# loses: spread_over_all_seeds
# why: the split of the fourth task kept fixed
import statistics

losses = [train(my_data, seed, split_seed=own["split_seed"])["loss"] for seed in my_seeds]
spread = {"mean": statistics.mean(losses), "sd": statistics.stdev(losses), "n": len(losses)}
