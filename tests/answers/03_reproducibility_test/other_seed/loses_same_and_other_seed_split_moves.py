# loses: same_and_other_seed
# why: without split_seed the split changes too
loss_first = train(my_data, my_seed)["loss"]
loss_other = train(my_data, other_seed)["loss"]
