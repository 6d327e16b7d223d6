# loses: same_and_other_seed
# why: seed and split seed exchanged: the training stays, the test rows change
loss_first = train(my_data, split_seed, split_seed=my_seed)["loss"]
loss_other = train(my_data, split_seed, split_seed=other_seed)["loss"]
