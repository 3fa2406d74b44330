"""Trains and exports the model of the template `lending`: the probability that a loan is repaid.

The applicants are those of credit_scorer.py: synthetic, no real person is in them. The last layer is
a sigmoid, so that the public value is a score between 0 and 1.

    .venv/bin/python bench/exporters/lending.py
"""

import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.neural_network import MLPClassifier

import common
from credit_scorer import FEATURES, applicants, default_log_odds

NAME = "lending"
SEED = 20261123
ROWS = 12_000


def main() -> None:
    """Generates, trains, exports, and says how good it is."""
    random = np.random.default_rng(SEED)
    raw = applicants(random, ROWS)
    repaid = random.random(ROWS) >= 1 / (1 + np.exp(-default_log_odds(raw, random)))
    data = common.standardise(raw)
    held_out = slice(0, common.HELD_OUT)
    network = MLPClassifier(
        (8,), alpha=1e-3, learning_rate_init=3e-3, batch_size=256, max_iter=40, random_state=SEED
    )
    network.fit(data.values[common.HELD_OUT :], repaid[common.HELD_OUT :])
    score = network.predict_proba(data.values[held_out])[:, 1]
    # The sample is a good applicant: the median of those above 0.9.
    good = np.flatnonzero(score > 0.9)
    sample = good[np.argsort(score[good])[len(good) // 2]]
    model = common.dense(NAME, network, "repayment", last="Sigmoid")
    common.write(NAME, model, data.values[sample], data.values[held_out])
    common.write_features(NAME, "probability that the loan is repaid", FEATURES, data)
    print(f"{NAME}: AUC {roc_auc_score(repaid[held_out], score):.3f}, sample {score[sample]:.3f}")


if __name__ == "__main__":
    main()
