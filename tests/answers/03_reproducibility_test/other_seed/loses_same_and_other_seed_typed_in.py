# loses: same_and_other_seed
# why: the numbers of somebody else
loss_first = 0.2263179430441262
loss_other = 0.2271034486120275
