# loses: same_and_other_seed
# why: rounded to four digits
loss_first = round(train(my_data, my_seed, split_seed=split_seed)["loss"], 4)
loss_other = round(train(my_data, other_seed, split_seed=split_seed)["loss"], 4)
