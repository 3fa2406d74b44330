"""What the exporters of PyTorch models share: training that repeats itself, and the export.

One thread, fixed seeds and deterministic algorithms: on one kind of processor, the same versions
(requirements-torch.txt) give the same bytes.
"""

import logging
import pathlib
import tempfile
import typing

import numpy as np
import onnx
import torch

# The oldest set of operators that PyTorch's exporter writes without converting.
OPSET = 18


def start(seed: int) -> None:
    """To be called before a network is made: its first weights come from here too."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(seed)


def train(
    network: torch.nn.Module,
    inputs: np.ndarray,
    targets: torch.Tensor,
    loss: typing.Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    epochs: int,
    rate: float,
    batch: int = 256,
) -> None:
    """Adam on shuffled batches, its rate falling to nothing."""
    rows = torch.tensor(inputs, dtype=torch.float32)
    optimiser = torch.optim.Adam(network.parameters(), lr=rate, weight_decay=1e-5)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    network.train()
    for _ in range(epochs):
        for chosen in torch.randperm(len(rows)).split(batch):
            optimiser.zero_grad()
            loss(network(rows[chosen]), targets[chosen]).backward()
            optimiser.step()
        schedule.step()
    network.eval()


def settle(network: torch.nn.Module, inputs: np.ndarray, targets: torch.Tensor, loss: typing.Callable) -> None:
    """L-BFGS on all rows at once: for few rows whose columns are nearly the same, where Adam is slow."""
    rows = torch.tensor(inputs, dtype=torch.float32)
    optimiser = torch.optim.LBFGS(network.parameters(), max_iter=500, line_search_fn="strong_wolfe")

    def again() -> torch.Tensor:
        optimiser.zero_grad()
        value = loss(network(rows), targets)
        value.backward()
        return value

    network.train()
    optimiser.step(again)
    network.eval()


def predict(network: torch.nn.Module, inputs: np.ndarray) -> np.ndarray:
    """What the network says of many rows."""
    with torch.no_grad():
        return network(torch.tensor(inputs, dtype=torch.float32)).numpy()


def export(network: torch.nn.Module, width: int, names: tuple[str, str]) -> onnx.ModelProto:
    """The network as torch.onnx writes it, for one row; `names` are those of input and output."""
    # It would warn of each operator of torchvision, which is not installed.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.onnx"
        torch.onnx.export(
            network,
            (torch.zeros(1, width),),
            str(path),
            input_names=[names[0]],
            output_names=[names[1]],
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
        return onnx.load(str(path))
