"""What the exporters of Keras models share: training that repeats itself, and the export.

One thread, fixed seeds and deterministic operations: on one kind of processor, the same versions
(requirements-tensorflow.txt) give the same bytes.
"""

import os

# Read when TensorFlow is imported. Its own kernels add in an order that depends on the machine less
# than those of oneDNN.
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import keras
import numpy as np
import onnx
import tensorflow as tf
import tf2onnx

OPSET = 15


def start(seed: int) -> None:
    """To be called before a network is made: its first weights come from here too."""
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(seed)


def train(
    network: keras.Model, inputs: np.ndarray, targets: np.ndarray, loss: keras.losses.Loss, epochs: int, rate: float
) -> None:
    """Adam on shuffled batches, its rate falling to nothing."""
    batch = 256
    steps = epochs * -(-len(inputs) // batch)
    optimiser = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps))
    network.compile(optimizer=optimiser, loss=loss)
    network.fit(inputs.astype(np.float32), targets, batch_size=batch, epochs=epochs, verbose=0)


def predict(network: keras.Model, inputs: np.ndarray) -> np.ndarray:
    """What the network says of many rows."""
    return network.predict(inputs.astype(np.float32), verbose=0)


def export(network: keras.Model, width: int, names: tuple[str, str]) -> onnx.ModelProto:
    """The network as tf2onnx writes it, for one row; `names` are those of input and output."""
    signature = [tf.TensorSpec((1, width), tf.float32, name=names[0])]
    # Not tf2onnx.convert.from_keras: it looks for outputs under the names that Keras 2 gave them.
    function = tf.function(lambda row: {names[1]: network(row)}, input_signature=signature)
    model, _ = tf2onnx.convert.from_function(function, input_signature=signature, opset=OPSET)
    return model
