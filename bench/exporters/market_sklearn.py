"""Trains and exports the member `market_sklearn` of the template `prediction-market`: one hidden layer
of tanh, in scikit-learn, exported by skl2onnx. The question and the data are those of market.py.

    .venv/bin/python bench/exporters/market_sklearn.py
"""

import onnx.shape_inference
import onnx.utils
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.neural_network import MLPClassifier

import common
import market

NAME = "market_sklearn"
SEED = 20261201


def main() -> None:
    """Trains, exports, and says how good it is."""
    made = market.data()
    train, held_out = slice(common.HELD_OUT, None), slice(0, common.HELD_OUT)
    network = MLPClassifier((6,), activation="tanh", solver="lbfgs", alpha=1e-1, max_iter=2_000, random_state=SEED)
    network.fit(made.features.values[train], made.flooded[train])
    probability = network.predict_proba(made.features.values[held_out])[:, 1]
    names = [(market.NAMES[0], FloatTensorType([1, len(market.FEATURES)]))]
    model = convert_sklearn(network, NAME, names, target_opset=13, options={"zipmap": False})
    # skl2onnx goes on to the probabilities of both classes and to a label. The market needs one number,
    # and pays for each that is public: the graph is cut where it has the probability of a flood.
    typed = onnx.shape_inference.infer_shapes(model)
    cut = onnx.utils.Extractor(typed).extract_model([market.NAMES[0]], ["out_activations_result"])
    cut.producer_name, cut.producer_version, cut.graph.name = model.producer_name, model.producer_version, NAME
    market.write(NAME, cut, made, probability)


if __name__ == "__main__":
    main()
