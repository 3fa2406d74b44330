"""Trains and exports the member `market_keras` of the template `prediction-market`: one hidden layer,
in Keras, exported by tf2onnx. The question and the data are those of market.py.

    .venv-tensorflow/bin/python bench/exporters/market_keras.py
"""

import keras
import numpy as np

import common
import keras_network
import market

NAME = "market_keras"
SEED = 20261130


def main() -> None:
    """Trains, exports, and says how good it is."""
    made = market.data()
    train, held_out = slice(common.HELD_OUT, None), slice(0, common.HELD_OUT)
    keras_network.start(SEED)
    width = len(market.FEATURES)
    network = keras.Sequential([
        keras.Input((width,)),
        keras.layers.Dense(10, activation="relu", name="hidden"),
        keras.layers.Dense(1, activation="sigmoid", name="probability"),
    ])
    targets = made.flooded[train, None].astype(np.float32)
    keras_network.train(
        network, made.features.values[train], targets, keras.losses.BinaryCrossentropy(), epochs=40, rate=1e-2
    )
    probability = keras_network.predict(network, made.features.values[held_out])[:, 0]
    market.write(NAME, keras_network.export(network, width, market.NAMES), made, probability)


if __name__ == "__main__":
    main()
