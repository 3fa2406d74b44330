"""Makes the small odd models that the end-to-end tests of the binary refuse.

    .venv/bin/python bench/exporters/odd_models.py

writes cli/tests/models/*.onnx. Same versions (requirements.txt), same bytes.
"""

import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "cli/tests/models"


def write(name: str, nodes: list, shape: list, output_shape: list, initialisers: list = ()) -> None:
    """One float input `x`, one float output `y`."""
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, output_shape)],
        list(initialisers),
    )
    model = helper.make_model(
        graph, producer_name="hallmark odd_models.py", opset_imports=[helper.make_opsetid("", 13)]
    )
    model.ir_version = 8
    (FOLDER / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))


def main() -> None:
    """Writes all of them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    node = helper.make_node
    # Two operators that have no integer form, so that both must be named.
    write(
        "unsupported",
        [
            node("Det", ["x"], ["d"], name="determinant"),
            node("Relu", ["d"], ["r"], name="fine"),
            node("RandomUniformLike", ["r"], ["y"], name="dice"),
        ],
        [1, 2, 2],
        [1],
    )
    # A dimension that only the person can know.
    weight = numpy_helper.from_array(np.ones((3, 2), np.float32), "w")
    write("dynamic", [node("MatMul", ["x", "w"], ["y"], name="dense")], ["rows", 3], ["rows", 2], [weight])


if __name__ == "__main__":
    main()
