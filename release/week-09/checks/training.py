"""Chloe's training script: the training of lesson 03, and the seeds, rows and runs that belong to one student."""

import numpy as np
import pandas as pd
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from checks.given import WEEK, drawn

FEATURES = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
SEASONS = WEEK / "seasons"


def own_numbers(student_id):
    """Return the data, the seed of the split, two training seeds and twelve seeds of one student."""
    draw = drawn(student_id)
    penguins = pd.concat([pd.read_csv(SEASONS / f"penguins_{year}.csv") for year in (2007, 2008, 2009)])
    penguins = penguins.dropna(subset=[*FEATURES, "sex"]).reset_index(drop=True)
    left_out = draw.sample(range(len(penguins)), 5)
    split_seed, my_seed, other_seed, *my_seeds = draw.sample(range(1000, 10000), 15)
    data = penguins.drop(index=left_out).reset_index(drop=True)
    return {
        "data": data,
        "split_seed": split_seed,
        "my_seed": my_seed,
        "other_seed": other_seed,
        "my_seeds": my_seeds,
    }


def train(data, seed, split_seed=None, learning_rate=0.01, epochs=30):
    """Split, train, test; return accuracy and loss. `split_seed`: a seed for the split alone, if not `seed`."""
    male = (data["sex"] == "male").to_numpy().astype(int)
    measured = data[FEATURES].to_numpy(dtype=float)
    for_split = seed if split_seed is None else split_seed
    kept, held_out, answers, truth = train_test_split(
        measured, male, test_size=0.25, stratify=male, random_state=for_split
    )
    scaler = StandardScaler().fit(kept)
    kept, held_out = scaler.transform(kept), scaler.transform(held_out)
    classifier = SGDClassifier(
        loss="log_loss", learning_rate="constant", eta0=learning_rate, max_iter=epochs, tol=None, random_state=seed
    ).fit(kept, answers)
    accuracy = float(accuracy_score(truth, classifier.predict(held_out)))
    loss = float(log_loss(truth, classifier.predict_proba(held_out)))
    return {"accuracy": accuracy, "loss": loss}


def own_runs(student_id):
    """Return the table of a student's 45 runs: variant (as it was, change A, change B), seed and log loss, in no order.

    The same 15 seeds, and so the same splits, serve all three variants.
    """
    draw = drawn(f"{str(student_id).strip()} runs")
    noise = np.random.default_rng(draw.randrange(2**32))
    seeds = draw.sample(range(1000, 10000), 15)
    as_it_was = 0.30 + 0.035 * standardised(noise)
    steady = as_it_was - draw.uniform(0.0100, 0.0125) + draw.uniform(0.006, 0.009) * standardised(noise)
    lucky = as_it_was - draw.uniform(0.0130, 0.0160) + draw.uniform(0.050, 0.065) * standardised(noise)
    changes = draw.sample([steady, lucky], 2)
    variants = zip(("as it was", "change A", "change B"), (as_it_was, *changes), strict=True)
    rows = [(name, seed, loss) for name, losses in variants for seed, loss in zip(seeds, losses, strict=True)]
    return pd.DataFrame(draw.sample(rows, len(rows)), columns=["variant", "seed", "loss"])


def standardised(noise):
    """Draw fifteen numbers with mean 0 and standard deviation 1."""
    numbers = noise.normal(size=15)
    return (numbers - numbers.mean()) / numbers.std(ddof=1)
