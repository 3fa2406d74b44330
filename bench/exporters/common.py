"""What the exporters of template models share: the data's split, dense networks, the files."""

import json
import pathlib
import typing

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

MODELS = pathlib.Path(__file__).resolve().parents[2] / "templates/models"
HELD_OUT = 2_000
CALIBRATION_ROWS = 32


class Standardised(typing.NamedTuple):
    """Features with mean 0 and deviation 1, and how they were made."""

    values: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray


def standardise(raw: np.ndarray) -> Standardised:
    """Standardises by the rows that are not held out."""
    mean, deviation = raw[HELD_OUT:].mean(axis=0), raw[HELD_OUT:].std(axis=0)
    return Standardised((raw - mean) / deviation, mean, deviation)


def area_under_curve(happened: np.ndarray, score: np.ndarray) -> float:
    """Probability that a row where it happened has a higher score than one where it did not (AUC)."""
    order = np.sort(score[~happened])
    below = np.searchsorted(order, score[happened], side="left")
    not_above = np.searchsorted(order, score[happened], side="right")
    return float((below + not_above).mean() / 2 / len(order))


def dense(name: str, network, output: str, last: str) -> onnx.ModelProto:
    """A scikit-learn network with one output as Gemm-Relu-…-Gemm, then `last`."""
    layers = list(zip(network.coefs_, network.intercepts_))
    initialisers, nodes, tensor = [], [], "features"
    for number, (weight, bias) in enumerate(layers):
        final = number == len(layers) - 1
        initialisers += [
            numpy_helper.from_array(weight.T.astype(np.float32), f"weight_{number}"),
            numpy_helper.from_array(bias.astype(np.float32), f"bias_{number}"),
        ]
        product = f"dense_{number}"
        inputs = [tensor, f"weight_{number}", f"bias_{number}"]
        nodes.append(helper.make_node("Gemm", inputs, [product], name=product, transB=1))
        tensor = output if final else f"relu_{number}"
        nodes.append(helper.make_node(last if final else "Relu", [product], [tensor], name=tensor))
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, layers[0][0].shape[0]])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, [1, len(layers[-1][1])])],
        initialisers,
    )
    model = helper.make_model(
        graph, producer_name=f"hallmark {name}.py", opset_imports=[helper.make_opsetid("", 13)]
    )
    model.ir_version = 8
    return model


def _row(row: np.ndarray) -> list[float]:
    # Short decimal numbers: what is committed is what is read.
    return [round(float(value), 6) for value in row]


def _plain(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph without the notes that exporters leave in it: PyTorch's has, at every node, the
    lines of Python that it came from, with the paths of the machine."""
    plain = onnx.ModelProto()
    plain.CopyFrom(model)
    graph = plain.graph
    for noted in [plain, graph, *graph.node, *graph.initializer, *graph.input, *graph.output, *graph.value_info]:
        noted.ClearField("metadata_props")
        noted.ClearField("doc_string")
    return plain


def write(name: str, model: onnx.ModelProto, sample: np.ndarray, calibration: np.ndarray) -> None:
    """Writes templates/models/NAME."""
    model = _plain(model)
    onnx.checker.check_model(model, full_check=True)
    folder = MODELS / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))
    # One flat list per model input; a calibration file is a list of such inputs.
    (folder / "input.json").write_text(json.dumps({"input_data": [_row(sample)]}) + "\n")
    rows = [json.dumps({"input_data": [_row(row)]}) for row in calibration[:CALIBRATION_ROWS]]
    (folder / "calibration.json").write_text("[\n" + ",\n".join(rows) + "\n]\n")


def write_features(name: str, output: str, features: list[str], data: Standardised) -> None:
    """Writes features.json: how to make the model's inputs from numbers that people know."""
    table = [
        {"name": feature, "mean": round(float(mean), 9), "deviation": round(float(deviation), 9)}
        for feature, mean, deviation in zip(features, data.mean, data.deviation)
    ]
    text = {"output": output, "standardised": "(value - mean) / deviation", "features": table}
    (MODELS / name / "features.json").write_text(json.dumps(text, indent=2) + "\n")
