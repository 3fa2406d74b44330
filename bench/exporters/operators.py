"""Writes one tiny ONNX model per operator to lib/graph/tests/fixtures.

Versions: python 3.11+, onnx 1.19, numpy 2. Run from the root of the repository:
    python bench/exporters/operators.py
Names starting with `positive_` want inputs above zero; `unsupported_` ones must be refused.
"""

import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OUT = pathlib.Path(__file__).resolve().parents[2] / "lib/graph/tests/fixtures"
random = np.random.default_rng(7)
F = TensorProto.FLOAT


def weights(*shape):
    return (random.standard_normal(shape) * 0.5).astype(np.float32)


def save(name, nodes, inputs, outputs, constants=(), kinds=None, opset=17):
    """`inputs` and `outputs` map names to shapes; nodes are (op, inputs, outputs, attributes)."""
    kinds = kinds or {}
    made = [helper.make_node(op, i, o, name=f"{op}_{n}", **a) for n, (op, i, o, a) in enumerate(nodes)]
    graph = helper.make_graph(
        made,
        name,
        [helper.make_tensor_value_info(n, kinds.get(n, F), s) for n, s in inputs.items()],
        [helper.make_tensor_value_info(n, kinds.get(n, F), s) for n, s in outputs.items()],
        [numpy_helper.from_array(np.asarray(v), n) for n, v in dict(constants).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    model.producer_name = "hallmark-fixtures"
    onnx.checker.check_model(model)
    (OUT / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))


def unary(name, op, shape=(2, 5), opset=17, **attributes):
    save(name, [(op, ["x"], ["y"], attributes)], {"x": list(shape)}, {"y": list(shape)}, opset=opset)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for old in OUT.glob("*.onnx"):
        old.unlink()
    for op in ["Relu", "Sigmoid", "Tanh", "Erf", "Abs", "Neg", "Softplus", "HardSwish", "Sin", "Cos",
               "Atan", "Exp", "Identity", "Elu", "Selu", "Softsign", "HardSigmoid", "Sinh", "Floor", "Ceil", "Sign"]:
        unary(op.lower(), op)
    unary("leaky_relu", "LeakyRelu", alpha=0.1)
    for op in ["Sqrt", "Log", "Reciprocal"]:
        unary(f"positive_{op.lower()}", op)
    c = {"c": np.float32(2.0)}
    save("square", [("Pow", ["x", "c"], ["y"], {})], {"x": [2, 5]}, {"y": [2, 5]}, c)
    save("cube", [("Pow", ["x", "c"], ["y"], {})], {"x": [2, 5]}, {"y": [2, 5]}, {"c": np.float32(3.0)})
    save("clip", [("Clip", ["x", "a", "b"], ["y"], {})], {"x": [2, 5]}, {"y": [2, 5]},
         {"a": np.float32(-0.4), "b": np.float32(0.9)})
    save("relu6", [("Clip", ["x", "a", "b"], ["y"], {})], {"x": [2, 5]}, {"y": [2, 5]},
         {"a": np.float32(0), "b": np.float32(1.3)})
    save("gelu", [("Div", ["x", "s"], ["a"], {}), ("Erf", ["a"], ["b"], {}), ("Add", ["b", "o"], ["d"], {}),
                  ("Mul", ["x", "d"], ["e"], {}), ("Mul", ["e", "h"], ["y"], {})],
         {"x": [2, 5]}, {"y": [2, 5]},
         {"s": np.float32(2 ** 0.5), "o": np.float32(1), "h": np.float32(0.5)})
    save("silu", [("Sigmoid", ["x"], ["a"], {}), ("Mul", ["x", "a"], ["y"], {})], {"x": [2, 5]}, {"y": [2, 5]})
    save("quadratic", [("Mul", ["x", "x"], ["a"], {}), ("Add", ["a", "x"], ["y"], {})], {"x": [2, 5]}, {"y": [2, 5]})
    two = {"a": [2, 3], "b": [2, 3]}
    for op in ["Add", "Sub", "Mul", "Max", "Min"]:
        save(f"{op.lower()}_two", [(op, ["a", "b"], ["y"], {})], two, {"y": [2, 3]})
    save("positive_div_two", [("Div", ["a", "b"], ["y"], {})], two, {"y": [2, 3]})
    save("add_broadcast", [("Add", ["a", "b"], ["y"], {})], {"a": [2, 1, 3], "b": [4, 1]}, {"y": [2, 4, 3]})
    save("mul_broadcast", [("Mul", ["a", "b"], ["y"], {})], {"a": [2, 1, 3], "b": [4, 1]}, {"y": [2, 4, 3]})
    save("scale_channels", [("Mul", ["x", "c"], ["a"], {}), ("Add", ["a", "d"], ["y"], {})], {"x": [1, 3, 2, 2]},
         {"y": [1, 3, 2, 2]}, {"c": weights(3, 1, 1), "d": weights(3, 1, 1)})
    for op in ["Less", "Greater", "LessOrEqual", "GreaterOrEqual", "Equal"]:
        save(f"exact_{op.lower()}", [(op, ["a", "b"], ["y"], {})], two, {"y": [2, 3]}, kinds={"y": TensorProto.BOOL})
    for op in ["And", "Or", "Xor"]:
        b = TensorProto.BOOL
        save(f"exact_{op.lower()}", [(op, ["a", "b"], ["y"], {})], two, {"y": [2, 3]}, kinds={"a": b, "b": b, "y": b})
    save("where", [("Greater", ["a", "b"], ["m"], {}), ("Where", ["m", "a", "s"], ["y"], {})], two, {"y": [2, 3]},
         {"s": weights(2, 3)})
    # Matrix products.
    save("gemm", [("Gemm", ["x", "w", "b"], ["y"], {"transB": 1, "alpha": 0.5})], {"x": [3, 6]}, {"y": [3, 4]},
         {"w": weights(4, 6), "b": weights(4)})
    save("matmul_batch", [("MatMul", ["x", "w"], ["y"], {})], {"x": [2, 3, 4]}, {"y": [2, 3, 5]}, {"w": weights(4, 5)})
    save("matmul_left", [("MatMul", ["w", "x"], ["y"], {})], {"x": [4, 3]}, {"y": [5, 3]}, {"w": weights(5, 4)})
    save("matmul_weights_batch", [("MatMul", ["x", "w"], ["y"], {})], {"x": [2, 3, 4]}, {"y": [2, 3, 5]},
         {"w": weights(2, 4, 5)})
    save("matmul_two", [("MatMul", ["a", "b"], ["y"], {})], {"a": [2, 3, 4], "b": [2, 4, 5]}, {"y": [2, 3, 5]})
    save("einsum", [("Einsum", ["a", "b"], ["y"], {"equation": "bij,bkj->bik"})], {"a": [2, 3, 4], "b": [2, 5, 4]},
         {"y": [2, 3, 5]})
    save("two_dense", [("MatMul", ["x", "w"], ["a"], {}), ("MatMul", ["a", "v"], ["y"], {})], {"x": [1, 6]},
         {"y": [1, 3]}, {"w": weights(6, 5), "v": weights(5, 3)})
    save("tiled_batch", [("Tile", ["x", "t"], ["a"], {}), ("MatMul", ["a", "w"], ["b"], {}), ("Relu", ["b"], ["y"], {})],
         {"x": [1, 4]}, {"y": [5, 3]}, {"t": np.array([5, 1]), "w": weights(4, 3)})
    save("residual", [("MatMul", ["x", "w"], ["a"], {}), ("Relu", ["a"], ["b"], {}), ("Add", ["b", "x"], ["d"], {}),
                      ("MatMul", ["d", "w"], ["e"], {}), ("Add", ["e", "d"], ["f"], {}), ("Relu", ["f"], ["y"], {})],
         {"x": [2, 4]}, {"y": [2, 4]}, {"w": weights(4, 4)})
    # Convolutions.
    conv = {"kernel_shape": [3, 3]}
    def convolution(name, shape, out, kernel, bias=True, **attributes):
        constants = {"w": weights(*kernel)}
        if bias:
            constants["b"] = weights(kernel[0])
        save(name, [("Conv", ["x", "w"] + (["b"] if bias else []), ["y"], attributes)], {"x": shape}, {"y": out}, constants)
    convolution("conv", [1, 2, 6, 5], [1, 3, 4, 3], (3, 2, 3, 3), **conv)
    convolution("conv_padded", [2, 2, 5, 5], [2, 3, 5, 5], (3, 2, 3, 3), pads=[1, 1, 1, 1])
    convolution("conv_strided", [1, 2, 7, 8], [1, 3, 3, 4], (3, 2, 3, 3), strides=[2, 2], pads=[0, 1, 0, 1], bias=False)
    convolution("conv_dilated", [1, 2, 8, 8], [1, 3, 4, 4], (3, 2, 3, 3), dilations=[2, 2])
    convolution("conv_grouped", [1, 4, 5, 5], [1, 6, 3, 3], (6, 2, 3, 3), group=2)
    convolution("conv_depthwise", [1, 3, 5, 5], [1, 3, 3, 3], (3, 1, 3, 3), group=3)
    convolution("conv_1d", [1, 2, 9], [1, 3, 7], (3, 2, 3))
    convolution("conv_3d", [1, 1, 4, 4, 4], [1, 2, 3, 3, 3], (2, 1, 2, 2, 2))
    convolution("conv_pointwise", [1, 3, 4, 4], [1, 5, 4, 4], (5, 3, 1, 1))
    save("conv_transpose", [("ConvTranspose", ["x", "w"], ["y"], {"strides": [2, 2]})], {"x": [1, 2, 3, 3]},
         {"y": [1, 2, 7, 7]}, {"w": weights(2, 2, 3, 3)})
    save("batch_norm", [("Conv", ["x", "w"], ["a"], {}), ("BatchNormalization", ["a", "s", "b", "m", "v"], ["y"], {})],
         {"x": [1, 2, 5, 5]}, {"y": [1, 3, 3, 3]},
         {"w": weights(3, 2, 3, 3), "s": weights(3) + 1, "b": weights(3), "m": weights(3), "v": np.abs(weights(3)) + 0.5})
    save("conv_relu_pool_dense",
         [("Conv", ["x", "w"], ["a"], {}), ("Relu", ["a"], ["b"], {}), ("MaxPool", ["b"], ["c"], {"kernel_shape": [2, 2], "strides": [2, 2]}),
          ("Flatten", ["c"], ["d"], {}), ("Gemm", ["d", "v"], ["y"], {})],
         {"x": [1, 1, 8, 8]}, {"y": [1, 4]}, {"w": weights(2, 1, 3, 3), "v": weights(18, 4)})
    save("conv_average_dense",
         [("Conv", ["x", "w"], ["a"], {}), ("Mul", ["a", "a"], ["p"], {}), ("Add", ["p", "a"], ["b"], {}),
          ("AveragePool", ["b"], ["c"], {"kernel_shape": [2, 2], "strides": [2, 2]}),
          ("Flatten", ["c"], ["d"], {}), ("Gemm", ["d", "v"], ["y"], {})],
         {"x": [1, 1, 8, 8]}, {"y": [1, 4]}, {"w": weights(2, 1, 3, 3), "v": weights(18, 4)})
    # Pooling.
    pool = {"kernel_shape": [2, 2], "strides": [1, 1]}
    save("average_pool", [("AveragePool", ["x"], ["y"], {"kernel_shape": [3, 3]})], {"x": [1, 2, 5, 5]}, {"y": [1, 2, 3, 3]})
    save("average_pool_padded", [("AveragePool", ["x"], ["y"], pool | {"pads": [1, 1, 1, 1], "count_include_pad": 1})],
         {"x": [1, 2, 3, 3]}, {"y": [1, 2, 4, 4]})
    save("average_pool_excluding", [("AveragePool", ["x"], ["y"], pool | {"pads": [1, 1, 1, 1]})], {"x": [1, 2, 3, 3]},
         {"y": [1, 2, 4, 4]})
    save("average_pool_ceil", [("AveragePool", ["x"], ["y"], {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1})],
         {"x": [1, 1, 5, 5]}, {"y": [1, 1, 3, 3]})
    save("max_pool", [("MaxPool", ["x"], ["y"], {"kernel_shape": [3, 3], "strides": [2, 2]})], {"x": [1, 2, 7, 7]}, {"y": [1, 2, 3, 3]})
    save("max_pool_padded", [("MaxPool", ["x"], ["y"], pool | {"pads": [1, 1, 1, 1]})], {"x": [1, 2, 3, 3]}, {"y": [1, 2, 4, 4]})
    save("global_average_pool", [("GlobalAveragePool", ["x"], ["y"], {})], {"x": [1, 3, 4, 4]}, {"y": [1, 3, 1, 1]})
    save("global_max_pool", [("GlobalMaxPool", ["x"], ["y"], {})], {"x": [1, 3, 2, 3]}, {"y": [1, 3, 1, 1]})
    # Reductions.
    for op in ["ReduceMean", "ReduceMax", "ReduceMin"]:
        save(op.lower(), [(op, ["x"], ["y"], {"axes": [1], "keepdims": 0})], {"x": [2, 5, 3]}, {"y": [2, 3]})
    save("reducesum", [("ReduceSum", ["x", "a"], ["y"], {"keepdims": 1})], {"x": [2, 5, 3]}, {"y": [2, 1, 3]}, {"a": np.array([1])})
    i = {"y": TensorProto.INT64}
    for op in ["ArgMax", "ArgMin"]:
        save(f"exact_{op.lower()}", [(op, ["x"], ["y"], {"axis": 1, "keepdims": 0})], {"x": [2, 5, 3]}, {"y": [2, 3]}, kinds=i)
        save(f"exact_{op.lower()}_last", [(op, ["x"], ["y"], {"axis": 1, "keepdims": 0, "select_last_index": 1})],
             {"x": [2, 5, 3]}, {"y": [2, 3]}, kinds=i)
    save("softmax", [("Softmax", ["x"], ["y"], {"axis": 1})], {"x": [2, 5]}, {"y": [2, 5]})
    save("log_softmax", [("LogSoftmax", ["x"], ["y"], {"axis": 1})], {"x": [2, 5]}, {"y": [2, 5]})
    save("layer_norm", [("LayerNormalization", ["x", "s", "b"], ["y"], {"axis": -1})], {"x": [2, 6]}, {"y": [2, 6]},
         {"s": weights(6) + 1, "b": weights(6)})
    # Arrangements.
    save("reshape_transpose", [("Reshape", ["x", "s"], ["a"], {}), ("Transpose", ["a"], ["y"], {"perm": [1, 0, 2]})],
         {"x": [2, 6]}, {"y": [3, 2, 2]}, {"s": np.array([2, 3, 2])})
    save("slice_concat", [("Slice", ["x", "b", "e", "a", "t"], ["p"], {}), ("Concat", ["p", "z"], ["y"], {"axis": 1})],
         {"x": [2, 6], "z": [2, 2]}, {"y": [2, 5]},
         {"b": np.array([0]), "e": np.array([6]), "a": np.array([1]), "t": np.array([2])})
    save("pad_constant", [("Pad", ["x", "p", "v"], ["y"], {})], {"x": [2, 3]}, {"y": [4, 4]},
         {"p": np.array([1, 0, 1, 1]), "v": np.float32(0.5)})
    save("pad_reflect", [("Pad", ["x", "p"], ["y"], {"mode": "reflect"})], {"x": [3, 4]}, {"y": [5, 5]}, {"p": np.array([1, 0, 1, 1])})
    save("expand", [("Expand", ["x", "s"], ["y"], {})], {"x": [2, 1]}, {"y": [2, 3]}, {"s": np.array([2, 3])})
    save("gather", [("Gather", ["x", "i"], ["y"], {"axis": 1})], {"x": [2, 5]}, {"y": [2, 3]}, {"i": np.array([4, 0, 4])})
    save("flatten", [("Flatten", ["x"], ["y"], {"axis": 2})], {"x": [2, 3, 2, 2]}, {"y": [6, 4]})
    save("upsample", [("Resize", ["x", "", "s"], ["y"], {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"})],
         {"x": [1, 1, 2, 2]}, {"y": [1, 1, 4, 4]}, {"s": np.array([1, 1, 2, 2], dtype=np.float32)})
    save("two_outputs", [("Relu", ["x"], ["y"], {}), ("Identity", ["z"], ["w"], {})], {"x": [1, 3], "z": [1, 2]},
         {"y": [1, 3], "w": [1, 2]})
    save("integer_input", [("Cast", ["x"], ["a"], {"to": F}), ("MatMul", ["a", "w"], ["y"], {})], {"x": [1, 4]}, {"y": [1, 2]},
         {"w": weights(4, 2)}, kinds={"x": TensorProto.INT64})
    save("boolean_input", [("Cast", ["x"], ["a"], {"to": F}), ("MatMul", ["a", "w"], ["y"], {})], {"x": [1, 4]}, {"y": [1, 2]},
         {"w": weights(4, 2)}, kinds={"x": TensorProto.BOOL})
    # What must be refused or asked about.
    save("unsupported_several", [("Round", ["x"], ["a"], {}), ("Relu", ["x"], ["b"], {}), ("Softmax", ["b"], ["c"], {"axis": 1}),
                                 ("CumSum", ["c", "k"], ["d"], {}), ("Add", ["a", "d"], ["e"], {}), ("Round", ["b"], ["y"], {})],
         {"x": [2, 3]}, {"y": [2, 3], "e": [2, 3]}, {"k": np.array(1)})
    save("dynamic_batch", [("Relu", ["x"], ["y"], {})], {"x": ["batch_size", 3]}, {"y": ["batch_size", 3]})
    save("dynamic_length", [("Relu", ["x"], ["y"], {})], {"x": ["batch", "length"]}, {"y": ["batch", "length"]})


if __name__ == "__main__":
    main()
