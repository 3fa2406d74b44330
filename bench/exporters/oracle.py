"""Trains and exports the model of the template `oracle`: the next value of a mean-reverting series.

The series is synthetic: a daily rate in per cent that returns to a level which itself moves slowly,
with a weekly cycle and noise. The network sees the last eight values and gives the next one; both
are in per cent, and small enough to need no standardising. Exported by skl2onnx.

    .venv/bin/python bench/exporters/oracle.py
"""

import numpy as np
from skl2onnx import to_onnx
from sklearn.neural_network import MLPRegressor

import common

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
    held_out = slice(0, common.HELD_OUT)
    network = MLPRegressor(
        hidden_layer_sizes=(8,), alpha=1e-4, solver="lbfgs", max_iter=500, random_state=SEED
    )
    network.fit(windows[common.HELD_OUT :], following[common.HELD_OUT :])
    error = np.abs(network.predict(windows[held_out]) - following[held_out]).mean()
    naive = np.abs(windows[held_out][:, -1] - following[held_out]).mean()
    model = to_onnx(network, windows[:1], name=NAME, target_opset=13)
    # skl2onnx leaves the number of rows open; an inference here is of one row.
    for value in [*model.graph.input, *model.graph.output]:
        value.type.tensor_type.shape.dim[0].dim_value = 1
    common.write(NAME, model, windows[0], windows[1:])
    print(f"{NAME}: mean error {error:.4f}, of yesterday's value {naive:.4f}")


if __name__ == "__main__":
    main()
