"""Trains and exports the model of the template `agent`: a policy that keeps a treasury's share of a
volatile asset near its target.

State: deviation of the share from its target, momentum, volatility, days since the last trade.
Actions: hold, buy, sell. The policy is improved by the cross-entropy method on simulated days, then
cloned into the small network that is exported; its output is one score per action, and the largest
one is the action. Trained with PyTorch, exported by torch.onnx.

    .venv-torch/bin/python bench/exporters/agent.py
"""

import numpy as np
import torch

import common
import torch_network

NAME = "agent"
SEED = 20261127
ACTIONS = 3
ROWS = 8_000
DAYS = 60


def step(state: np.ndarray, action: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """One day for many treasuries: next states and rewards."""
    deviation, momentum, volatility, idle = state.T
    trade = np.select([action == 1, action == 2], [0.5, -0.5], 0.0)
    shock = volatility * random.normal(0, 1, len(state))
    following = np.clip(deviation + trade + 0.3 * momentum + 0.4 * shock, -3, 3)
    reward = -(following**2) - 0.15 * (trade != 0) * np.exp(-idle)
    momentum = 0.7 * momentum + 0.3 * shock
    volatility = np.clip(0.5 + 0.8 * (volatility - 0.5) + random.normal(0, 0.05, len(state)), 0.1, 1.5)
    idle = np.where(trade != 0, 0.0, np.minimum(idle + 0.2, 2.0))
    return np.column_stack([following, momentum, volatility, idle]), reward


def start(random: np.random.Generator, rows: int) -> np.ndarray:
    """States to begin from."""
    return np.column_stack([
        random.uniform(-2, 2, rows), random.normal(0, 0.3, rows),
        random.uniform(0.2, 1.0, rows), random.uniform(0, 2, rows),
    ])


def choose(state: np.ndarray, policy: np.ndarray) -> np.ndarray:
    """Buys below and sells above a band around the target that depends on the state."""
    expected = state[:, 0] + policy[0] * state[:, 1]
    band = policy[1] + policy[2] * state[:, 2] - policy[3] * state[:, 3]
    return np.select([expected < -band, expected > band], [1, 2], 0)


def value(policy: np.ndarray, seed: int) -> float:
    """Mean reward of a policy."""
    random = np.random.default_rng(seed)
    state, total = start(random, 256), 0.0
    for _ in range(DAYS):
        state, reward = step(state, choose(state, policy), random)
        total += reward.mean()
    return total / DAYS


def main() -> None:
    """Improves, clones, exports, and says how good it is."""
    random = np.random.default_rng(SEED)
    mean, deviation = np.zeros(4), np.ones(4)
    for generation in range(15):
        policies = random.normal(mean, deviation, (40, 4))
        values = [value(policy, SEED + generation) for policy in policies]
        best = policies[np.argsort(values)[-8:]]
        mean, deviation = best.mean(axis=0), best.std(axis=0) + 0.02
    states = start(random, ROWS)
    actions = choose(states, mean)
    torch_network.start(SEED)
    network = torch.nn.Sequential(
        torch.nn.Linear(states.shape[1], 8), torch.nn.ReLU(), torch.nn.Linear(8, ACTIONS)
    )
    train, held_out = slice(common.HELD_OUT, None), slice(0, common.HELD_OUT)
    torch_network.train(
        network,
        states[train],
        torch.tensor(actions[train]),
        torch.nn.functional.cross_entropy,
        epochs=60,
        rate=1e-2,
    )
    scores = torch_network.predict(network, states[held_out])
    agreement = np.mean(scores.argmax(axis=1) == actions[held_out])
    # The sample is the first state in which the network plainly means to buy.
    sample = np.flatnonzero(scores[:, 1] - np.delete(scores, 1, axis=1).max(axis=1) > 3)[0]
    model = torch_network.export(network, states.shape[1], ("features", "scores"))
    common.write(NAME, model, states[sample], states[held_out])
    print(f"{NAME}: reward {value(mean, 1):.3f} (holding {value(np.array([0, 99, 0, 0]), 1):.3f}), "
          f"clone agrees on {agreement:.3f} of {common.HELD_OUT} states held out")


if __name__ == "__main__":
    main()
