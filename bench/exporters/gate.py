"""Trains and exports the model of the template `gate`: is an account run by a person or a script?

Accounts are synthetic: people act at uneven hours, with gaps, towards many counterparties; scripts
at even intervals, towards few. Output: two scores, `[script, person]`, of which the larger decides.
Trained with Keras, exported by tf2onnx.

    .venv-tensorflow/bin/python bench/exporters/gate.py
"""

import keras
import numpy as np

import common
import keras_network

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
    train, held_out = slice(common.HELD_OUT, None), slice(0, common.HELD_OUT)
    keras_network.start(SEED)
    network = keras.Sequential([
        keras.Input((len(FEATURES),)),
        keras.layers.Dense(8, activation="relu", name="hidden"),
        keras.layers.Dense(2, name="scores"),
    ])
    keras_network.train(
        network,
        data.values[train],
        person[train].astype(np.int32),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        epochs=30,
        rate=1e-2,
    )
    scores = keras_network.predict(network, data.values[held_out])
    # The sample is a plain person: the first one that the model is rather sure of.
    sample = np.flatnonzero(scores[:, 1] - scores[:, 0] > 3)[0]
    model = keras_network.export(network, len(FEATURES), ("features", "scores"))
    common.write(NAME, model, data.values[sample], data.values[held_out])
    common.write_features(NAME, "scores of script and person", FEATURES, data)
    accuracy = np.mean(scores.argmax(axis=1) == person[held_out])
    print(f"{NAME}: accuracy {accuracy:.3f} on {common.HELD_OUT} accounts held out")


if __name__ == "__main__":
    main()
