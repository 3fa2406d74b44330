"""Makes the demo model: a small credit scorer, trained on data that this script generates.

There is no real person behind any row. The process, stated in full so that nobody has to take the
model for more than it is:

* Eight features per applicant, drawn from the distributions in `applicants()`, with two honest
  correlations: income grows with years employed, and the loan asked for grows with income.
* Whether the applicant defaults is a coin toss whose log-odds are the formula in
  `default_log_odds()`: linear terms, one interaction (debt ratio x recent inquiries), one
  threshold (utilisation above 0.8), plus noise that no feature explains.
* The network sees standardised features and learns the log-odds. Standardising is not part of the
  exported graph: `input.json` and `calibration.json` hold standardised values, and `features.json`
  says how to make them.

    python -m venv .venv && .venv/bin/pip install -r bench/exporters/requirements.txt
    .venv/bin/python bench/exporters/credit_scorer.py

writes templates/models/credit_scorer/{model.onnx,input.json,calibration.json,features.json} and
prints the accuracy on rows held out. Same versions, same bytes.
"""

import json
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from sklearn.metrics import roc_auc_score
from sklearn.neural_network import MLPClassifier

SEED = 20261122
ROWS = 20_000
HELD_OUT = 4_000
CALIBRATION_ROWS = 64
FEATURES = [
    "annual_income_thousands",
    "years_employed",
    "loan_amount_thousands",
    "debt_to_income",
    "credit_utilisation",
    "late_payments_two_years",
    "recent_inquiries",
    "account_age_years",
]
HIDDEN = (16, 8)


def applicants(random: np.random.Generator, rows: int) -> np.ndarray:
    """Draws the eight features, in the order of FEATURES."""
    employed = np.clip(random.gamma(2.0, 3.5, rows), 0, 40)
    income = np.clip(random.lognormal(3.6, 0.45, rows) * (1 + 0.015 * employed), 8, 400)
    loan = np.clip(income * random.lognormal(-1.2, 0.5, rows), 1, 300)
    debt = np.clip(random.beta(2.2, 4.0, rows), 0, 1)
    utilisation = np.clip(random.beta(1.6, 2.4, rows), 0, 1)
    late = np.minimum(random.poisson(0.7, rows), 8)
    inquiries = np.minimum(random.poisson(1.4, rows), 10)
    age = np.clip(random.gamma(2.5, 3.0, rows), 0, 45)
    return np.column_stack([income, employed, loan, debt, utilisation, late, inquiries, age])


def default_log_odds(x: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Log-odds of default, noise included."""
    income, employed, loan, debt, utilisation, late, inquiries, age = x.T
    return (
        -2.6
        - 0.9 * np.log(income / 40)
        - 0.05 * employed
        + 1.1 * (loan / income - 0.35)
        + 2.4 * (debt - 0.35)
        + 1.6 * np.maximum(utilisation - 0.8, 0) * 5
        + 0.55 * late
        + 0.5 * debt * inquiries
        - 0.04 * age
        + random.normal(0, 0.5, len(x))
    )


def export(classifier: MLPClassifier, path: pathlib.Path) -> None:
    """Writes the network as Gemm-Relu-Gemm-Relu-Gemm: the output is the log-odds of default."""
    initialisers, nodes, tensor = [], [], "features"
    layers = len(classifier.coefs_)
    for index, (weight, bias) in enumerate(zip(classifier.coefs_, classifier.intercepts_)):
        last = index == layers - 1
        initialisers += [
            numpy_helper.from_array(weight.T.astype(np.float32), f"weight_{index}"),
            numpy_helper.from_array(bias.astype(np.float32), f"bias_{index}"),
        ]
        dense = "score" if last else f"dense_{index}"
        nodes.append(
            helper.make_node(
                "Gemm", [tensor, f"weight_{index}", f"bias_{index}"], [dense],
                name=f"dense_{index}", transB=1,
            )
        )
        tensor = dense
        if not last:
            tensor = f"relu_{index}"
            nodes.append(helper.make_node("Relu", [dense], [tensor], name=tensor))
    graph = helper.make_graph(
        nodes,
        "credit_scorer",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, len(FEATURES)])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, [1, 1])],
        initialisers,
    )
    model = helper.make_model(
        graph, producer_name="hallmark credit_scorer.py", opset_imports=[helper.make_opsetid("", 13)]
    )
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def rows(x: np.ndarray) -> list[list[float]]:
    """Rows as short decimal numbers: what is committed is what is read."""
    return [[round(float(value), 6) for value in row] for row in x]


def main() -> None:
    """Generates, trains, exports, and says how good it is."""
    folder = pathlib.Path(__file__).resolve().parents[2] / "templates/models/credit_scorer"
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(SEED)
    raw = applicants(random, ROWS)
    default = random.random(ROWS) < 1 / (1 + np.exp(-default_log_odds(raw, random)))
    train, held_out = slice(HELD_OUT, None), slice(0, HELD_OUT)
    mean, deviation = raw[train].mean(axis=0), raw[train].std(axis=0)
    x = (raw - mean) / deviation

    classifier = MLPClassifier(
        HIDDEN, activation="relu", alpha=1e-3, learning_rate_init=2e-3, batch_size=256,
        max_iter=60, early_stopping=True, random_state=SEED % 2**32,
    )
    classifier.fit(x[train], default[train])
    probability = classifier.predict_proba(x[held_out])[:, 1]

    export(classifier, folder / "model.onnx")
    calibration = rows(x[held_out][:CALIBRATION_ROWS])
    sample = rows(x[held_out][CALIBRATION_ROWS : CALIBRATION_ROWS + 1])
    # One flat list per model input; a calibration file is a list of such inputs.
    (folder / "input.json").write_text(json.dumps({"input_data": sample}) + "\n")
    (folder / "calibration.json").write_text(
        "[\n" + ",\n".join(json.dumps({"input_data": [row]}) for row in calibration) + "\n]\n"
    )
    (folder / "features.json").write_text(
        json.dumps(
            {
                "output": "log-odds of default",
                "standardised": "(value - mean) / deviation",
                "features": [
                    {"name": name, "mean": round(float(m), 9), "deviation": round(float(d), 9)}
                    for name, m, d in zip(FEATURES, mean, deviation)
                ],
            },
            indent=2,
        )
        + "\n"
    )
    print(f"{HELD_OUT} rows held out: {default[held_out].mean():.3f} default, "
          f"AUC {roc_auc_score(default[held_out], probability):.3f}")


if __name__ == "__main__":
    main()
