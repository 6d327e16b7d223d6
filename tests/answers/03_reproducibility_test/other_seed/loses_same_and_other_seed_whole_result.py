# loses: same_and_other_seed
# why: the dict instead of the loss in it
loss_first = train(my_data, my_seed, split_seed=split_seed)
loss_other = train(my_data, other_seed, split_seed=split_seed)
