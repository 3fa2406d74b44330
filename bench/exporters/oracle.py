"""Trains and exports the model of the template `oracle`: the next value of a mean-reverting series.

The series is synthetic: a daily rate in per cent that returns to a level which itself moves slowly,
with a weekly cycle and noise. The network sees the last eight values and gives the next one; both
are in per cent, and small enough to need no standardising. Trained with PyTorch, exported by
torch.onnx.

    .venv-torch/bin/python bench/exporters/oracle.py
"""

import numpy as np
import torch

import common
import torch_network

NAME = "oracle"
SEED = 20261125
DAYS = 8_000
WINDOW = 8


def series(random: np.random.Generator) -> np.ndarray:
    """Draws the rate, in per cent."""
    level, rate = 4.0, 4.0
    values = np.empty(DAYS)
    for day in range(DAYS):
        level += 0.01 * (4.0 - level) + random.normal(0, 0.05)
        cycle = 0.25 * np.sin(2 * np.pi * day / 7)
        rate += 0.3 * (level + cycle - rate) + random.normal(0, 0.08)
        values[day] = rate
    return values


def main() -> None:
    """Generates, trains, exports, and says how good it is."""
    random = np.random.default_rng(SEED)
    values = series(random)
    windows = np.lib.stride_tricks.sliding_window_view(values, WINDOW)[:-1].astype(np.float32)
    following = values[WINDOW:]
    train, held_out = slice(common.HELD_OUT, None), slice(0, common.HELD_OUT)
    torch_network.start(SEED)
    network = torch.nn.Sequential(torch.nn.Linear(WINDOW, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    targets = torch.tensor(following[train, None], dtype=torch.float32)
    torch_network.settle(network, windows[train], targets, torch.nn.functional.mse_loss)
    error = np.abs(torch_network.predict(network, windows[held_out])[:, 0] - following[held_out]).mean()
    naive = np.abs(windows[held_out][:, -1] - following[held_out]).mean()
    model = torch_network.export(network, WINDOW, ("window", "rate"))
    common.write(NAME, model, windows[0], windows[1:])
    print(f"{NAME}: on {common.HELD_OUT} days held out, mean error {error:.4f}, of yesterday's value {naive:.4f}")


if __name__ == "__main__":
    main()
