# loses: same_and_other_seed
# why: the second training gets another split
loss_first = train(my_data, my_seed, split_seed)["loss"]
loss_other = train(my_data, other_seed, split_seed=other_seed)["loss"]
