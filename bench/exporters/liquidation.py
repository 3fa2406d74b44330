"""Trains and exports the model of the template `liquidation`: the probability that a perpetual
position runs out of margin within the day.

Positions are synthetic; whether one runs out is found by a walk of the price in 24 steps, with the
position's leverage, volatility and funding, not by a formula.

    .venv/bin/python bench/exporters/liquidation.py
"""

import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.neural_network import MLPClassifier

import common

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
    held_out = slice(0, common.HELD_OUT)
    network = MLPClassifier(
        (8,), alpha=1e-3, learning_rate_init=3e-3, batch_size=256, max_iter=60, random_state=SEED
    )
    network.fit(data.values[common.HELD_OUT :], gone[common.HELD_OUT :])
    risk = network.predict_proba(data.values[held_out])[:, 1]
    # The sample is the first position that is plainly in danger.
    sample = np.flatnonzero(risk > 0.9)[0]
    model = common.dense(NAME, network, "risk", [0], last="Sigmoid")
    common.write(NAME, model, data.values[sample], data.values[held_out])
    common.write_features(NAME, "probability that the margin runs out within the day", FEATURES, data)
    print(f"{NAME}: AUC {roc_auc_score(gone[held_out], risk):.3f}, {gone.mean():.2f} run out")


if __name__ == "__main__":
    main()
