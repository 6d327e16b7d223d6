# loses: spread_over_all_seeds, spread_deviation
# why: one seed twelve times: no spread at all
import statistics

losses = [train(my_data, my_seeds[0])["loss"] for seed in my_seeds]
spread = {"mean": statistics.mean(losses), "sd": statistics.stdev(losses), "n": len(losses)}
