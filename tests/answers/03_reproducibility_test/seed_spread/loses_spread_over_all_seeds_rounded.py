# loses: spread_over_all_seeds
# why: rounded for the table
import statistics

losses = [train(my_data, seed)["loss"] for seed in my_seeds]
spread = {"mean": round(statistics.mean(losses), 3), "sd": round(statistics.stdev(losses), 3), "n": 12}
