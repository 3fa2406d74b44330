"""Trains and exports the model of the template `liquidation`: the probability that a perpetual
position runs out of margin within the day.

Positions are synthetic; whether one runs out is found by a walk of the price in 24 steps, with the
position's leverage, volatility and funding, not by a formula. Trained with Keras, exported by tf2onnx.

    .venv-tensorflow/bin/python bench/exporters/liquidation.py
"""

import keras
import numpy as np

import common
import keras_network

NAME = "liquidation"
SEED = 20261126
ROWS = 10_000
STEPS = 24
FEATURES = ["leverage", "margin_ratio", "hourly_volatility", "hourly_funding", "drift", "market_depth"]


def positions(random: np.random.Generator) -> np.ndarray:
    """Draws the six features, in the order of FEATURES."""
    return np.column_stack([
        random.uniform(1, 20, ROWS),
        random.beta(2, 5, ROWS) * 0.5,
        random.gamma(4.0, 0.0015, ROWS),
        random.normal(0, 0.0002, ROWS),
        random.normal(0, 0.0005, ROWS),
        random.lognormal(0, 0.5, ROWS),
    ])


def runs_out(raw: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Whether each position's margin is gone at some step."""
    leverage, margin, volatility, funding, drift, depth = raw.T
    scale = volatility / np.sqrt(depth)
    steps = random.normal(drift[:, None], scale[:, None], (ROWS, STEPS)) - funding[:, None]
    return (margin[:, None] + leverage[:, None] * np.cumsum(steps, axis=1)).min(axis=1) < 0


def main() -> None:
    """Generates, trains, exports, and says how good it is."""
    random = np.random.default_rng(SEED)
    raw = positions(random)
    gone = runs_out(raw, random)
    data = common.standardise(raw)
    train, held_out = slice(common.HELD_OUT, None), slice(0, common.HELD_OUT)
    keras_network.start(SEED)
    network = keras.Sequential([
        keras.Input((len(FEATURES),)),
        keras.layers.Dense(8, activation="relu", name="hidden"),
        keras.layers.Dense(1, activation="sigmoid", name="risk"),
    ])
    keras_network.train(
        network,
        data.values[train],
        gone[train, None].astype(np.float32),
        keras.losses.BinaryCrossentropy(),
        epochs=60,
        rate=1e-2,
    )
    risk = keras_network.predict(network, data.values[held_out])[:, 0]
    # The sample is the first position that is plainly in danger.
    sample = np.flatnonzero(risk > 0.9)[0]
    model = keras_network.export(network, len(FEATURES), ("features", "risk"))
    common.write(NAME, model, data.values[sample], data.values[held_out])
    common.write_features(NAME, "probability that the margin runs out within the day", FEATURES, data)
    print(f"{NAME}: AUC {common.area_under_curve(gone[held_out], risk):.3f} on {common.HELD_OUT} positions held out, "
          f"{gone[held_out].mean():.2f} of which run out")


if __name__ == "__main__":
    main()
