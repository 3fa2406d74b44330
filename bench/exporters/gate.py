"""Trains and exports the model of the template `gate`: is an account run by a person or a script?

Accounts are synthetic: people act at uneven hours, with gaps, towards many counterparties; scripts
at even intervals, towards few. Output: two scores, `[script, person]`, of which the larger decides.

    .venv/bin/python bench/exporters/gate.py
"""

import numpy as np
from sklearn.neural_network import MLPClassifier

import common

NAME = "gate"
SEED = 20261124
ROWS = 8_000
FEATURES = [
    "account_age_days",
    "transactions_per_day",
    "interval_variation",
    "share_of_night_activity",
    "counterparties_per_transaction",
    "share_of_failed_transactions",
]


def accounts(random: np.random.Generator, person: np.ndarray) -> np.ndarray:
    """Draws the six features, in the order of FEATURES."""
    rows = len(person)

    def either(people: np.ndarray, scripts: np.ndarray) -> np.ndarray:
        return np.where(person, people, scripts)

    return np.column_stack([
        either(random.gamma(2.0, 300, rows), random.gamma(1.5, 120, rows)),
        either(random.gamma(1.5, 1.2, rows), random.gamma(2.0, 9, rows)),
        either(random.normal(1.6, 0.5, rows), random.normal(0.6, 0.4, rows)),
        either(random.beta(2, 8, rows), random.beta(6, 8, rows)),
        either(random.beta(4, 4, rows), random.beta(2, 7, rows)),
        either(random.beta(1.2, 20, rows), random.beta(2, 12, rows)),
    ])


def main() -> None:
    """Generates, trains, exports, and says how good it is."""
    random = np.random.default_rng(SEED)
    person = random.random(ROWS) < 0.5
    data = common.standardise(accounts(random, person))
    held_out = slice(0, common.HELD_OUT)
    network = MLPClassifier(
        (8,), alpha=1e-3, learning_rate_init=3e-3, batch_size=256, max_iter=30, random_state=SEED
    )
    network.fit(data.values[common.HELD_OUT :], person[common.HELD_OUT :])
    probability = network.predict_proba(data.values[held_out])[:, 1]
    # The sample is a plain person: the first one that the model is rather sure of.
    sample = np.flatnonzero(probability > 0.95)[0]
    model = common.dense(NAME, network, "scores", [-1, 0])
    common.write(NAME, model, data.values[sample], data.values[held_out])
    common.write_features(NAME, "scores of script and person", FEATURES, data)
    print(f"{NAME}: accuracy {np.mean((probability > 0.5) == person[held_out]):.3f}")


if __name__ == "__main__":
    main()
