"""Trains and exports the member `market_torch` of the template `prediction-market`: two hidden layers,
in PyTorch, exported by torch.onnx. The question and the data are those of market.py.

    .venv-torch/bin/python bench/exporters/market_torch.py
"""

import torch

import common
import market
import torch_network

NAME = "market_torch"
SEED = 20261129


def main() -> None:
    """Trains, exports, and says how good it is."""
    made = market.data()
    train, held_out = slice(common.HELD_OUT, None), slice(0, common.HELD_OUT)
    torch_network.start(SEED)
    width = len(market.FEATURES)
    network = torch.nn.Sequential(
        torch.nn.Linear(width, 8),
        torch.nn.ReLU(),
        torch.nn.Linear(8, 6),
        torch.nn.ReLU(),
        torch.nn.Linear(6, 1),
        torch.nn.Sigmoid(),
    )
    targets = torch.tensor(made.flooded[train, None], dtype=torch.float32)
    torch_network.train(
        network, made.features.values[train], targets, torch.nn.functional.binary_cross_entropy, epochs=40, rate=1e-2
    )
    probability = torch_network.predict(network, made.features.values[held_out])[:, 0]
    market.write(NAME, torch_network.export(network, width, market.NAMES), made, probability)


if __name__ == "__main__":
    main()
