"""What the three models of the template `prediction-market` have in common: the question, the data.

The question: does a river leave its banks within the next day? The catchments are synthetic, made by
this script under the licence of this repository; there is no such river. What a model is told is drawn
in `mornings()`. Whether the river floods is found by `floods()`, which lets the day pass hour by hour:
rain falls in showers where the forecast only has a sum, snow melts when it is warm, wet soil takes in
less, and the river carries off what has reached it. The showers are chance, so that no model can be
right every time.

The models see the same standardised features in the same order. They differ in library, shape and
seed, so that they err on different mornings:

    .venv-torch/bin/python bench/exporters/market_torch.py
    .venv-tensorflow/bin/python bench/exporters/market_keras.py
    .venv/bin/python bench/exporters/market_sklearn.py
"""

import typing

import numpy as np
import onnx

import common

SEED = 20261128
ROWS = 12_000
HOURS = 24
BANK = 3.0
FEATURES = [
    "river_level_metres",
    "upstream_level_metres",
    "soil_saturation",
    "rain_yesterday_millimetres",
    "rain_forecast_millimetres",
    "snow_cover_millimetres",
    "temperature_forecast_celsius",
]
NAMES = ("features", "probability")
OUTPUT = "probability that the river leaves its banks within the day"


class Data(typing.NamedTuple):
    """Features, and whether the river flooded."""

    features: common.Standardised
    flooded: np.ndarray


def mornings(random: np.random.Generator) -> np.ndarray:
    """Draws the seven features, in the order of FEATURES."""
    yesterday = random.gamma(0.7, 11.0, ROWS)
    saturation = np.clip(random.beta(2.5, 2.5, ROWS) + 0.006 * yesterday, 0, 1)
    level = np.clip(0.8 + 1.4 * saturation + 0.02 * yesterday + random.normal(0, 0.35, ROWS), 0.2, BANK - 0.1)
    upstream = np.clip(level + 0.01 * yesterday + random.normal(0, 0.4, ROWS), 0.1, 5)
    forecast = random.gamma(0.8, 30.0, ROWS)
    snow = np.maximum(random.normal(-20, 50, ROWS), 0)
    temperature = random.normal(6, 6, ROWS)
    return np.column_stack([level, upstream, saturation, yesterday, forecast, snow, temperature])


def floods(raw: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Whether the river is above its banks at some hour of the day."""
    level, upstream, saturation, _, forecast, snow, temperature = raw.T.copy()
    # The forecast is right on average. Showers: most hours have none.
    total = forecast * random.lognormal(-0.18, 0.6, ROWS)
    showers = random.gamma(0.25, 1.0, (HOURS, ROWS)) + 1e-9
    rain = total * showers / showers.sum(axis=0)
    highest = level
    for hour in range(HOURS):
        warmth = np.maximum(temperature + 4 * np.sin(np.pi * (hour - 6) / 12), 0)
        melt = np.minimum(0.12 * warmth, snow)
        snow = snow - melt
        water = rain[hour] + melt
        taken = water * (1 - saturation**2)
        saturation = np.clip(saturation + taken / 120 - 0.002, 0, 1)
        upstream = upstream + 0.02 * (water - taken) - 0.02 * (upstream - 0.8)
        level = level + 0.06 * (water - taken) + 0.05 * (upstream - level) - 0.01 * (level - 0.8)
        highest = np.maximum(highest, level)
    return highest > BANK


def data() -> Data:
    """The same for all three, whatever the environment."""
    random = np.random.default_rng(SEED)
    raw = mornings(random)
    return Data(common.standardise(raw), floods(raw, random))


def write(name: str, model: onnx.ModelProto, made: Data, probability: np.ndarray) -> None:
    """Writes templates/models/NAME, and says how good the model is on the mornings held out.

    The input to prove is the same for all three, as it should be in an ensemble: the first morning with
    the river above two metres and a forecast of more than sixty millimetres after which it flooded."""
    held_out = slice(0, common.HELD_OUT)
    flooded, values = made.flooded[held_out], made.features.values[held_out]
    raw = values * made.features.deviation + made.features.mean
    sample = np.flatnonzero(flooded & ((raw[:, 0] > 2) & (raw[:, 4] > 60)))[0]
    common.write(name, model, values[sample], values)
    common.write_features(name, OUTPUT, FEATURES, made.features)
    brier = np.mean((probability - flooded) ** 2)
    chance = np.mean((flooded.mean() - flooded) ** 2)
    print(f"{name}: on {common.HELD_OUT} mornings held out, {flooded.mean():.2f} of which flood: "
          f"AUC {common.area_under_curve(flooded, probability):.3f}, "
          f"accuracy {np.mean((probability > 0.5) == flooded):.3f}, "
          f"Brier score {brier:.3f} (always the mean: {chance:.3f}), sample {probability[sample]:.3f}")
