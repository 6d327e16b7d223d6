# loses: same_and_other_seed
# why: accuracies, which hardly ever show the seed
loss_first = train(my_data, my_seed, split_seed=split_seed)["accuracy"]
loss_other = train(my_data, other_seed, split_seed=split_seed)["accuracy"]
