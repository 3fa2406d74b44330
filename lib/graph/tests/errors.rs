//! Bad input gives typed errors with the facts that help, and never a panic.
#![allow(missing_docs)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hallmark_graph::ir::QuantisationSettings;
use hallmark_graph::{AccuracyBound, Error, Model, calibrate, execute, input, quantise};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(format!("{name}.onnx"))
}

fn load(name: &str) -> Model {
    Model::load(&fixture(name), &BTreeMap::new()).unwrap_or_else(|e| panic!("{name}: {e}"))
}

const SETTINGS: QuantisationSettings =
    QuantisationSettings { limb_bits: 10, low_limbs: 2, high_limbs: 2, fraction_bits: 32 };

#[test]
fn a_missing_file_is_named() {
    let error = Model::load(Path::new("no/such/model.onnx"), &BTreeMap::new()).expect_err("missing");
    assert!(matches!(error, Error::Read { .. }));
    assert!(error.to_string().contains("no/such/model.onnx"), "{error}");
}

#[test]
fn truncated_and_random_bytes_are_errors() {
    for name in ["conv", "gemm", "reshape_transpose"] {
        let bytes = std::fs::read(fixture(name)).expect(name);
        for length in (0..bytes.len()).step_by(3) {
            // Some prefixes are valid messages; they must load or fail, not panic.
            let _ = Model::from_bytes(&bytes[..length], &BTreeMap::new());
        }
        for position in (0..bytes.len()).step_by(5) {
            let mut changed = bytes.clone();
            changed[position] ^= 0x15;
            if let Ok(model) = Model::from_bytes(&changed, &BTreeMap::new()) {
                model.inspect();
            }
        }
    }
    assert!(matches!(Model::from_bytes(&[], &BTreeMap::new()), Err(Error::Parse { .. })));
    assert!(Model::from_bytes(b"this is no model", &BTreeMap::new()).is_err());
}

#[test]
fn all_unsupported_nodes_are_listed() {
    let model = load("unsupported_several");
    let sample = input::random_inputs(&model, 1, (-1.0, 1.0));
    let error = quantise(&model, &[sample], SETTINGS, 4.0).expect_err("unsupported");
    let Error::Unsupported(nodes) = &error else { panic!("{error}") };
    assert!(nodes.len() >= 2, "{error}");
    assert!(nodes.iter().all(|n| !n.reason.is_empty() && !n.name.is_empty()));
    let report = model.inspect();
    assert!(report.iter().any(|r| r.unsupported.is_some()));
    assert!(report.iter().any(|r| r.unsupported.is_none()));
}

#[test]
fn dimensions() {
    let model = load("dynamic_batch");
    assert_eq!(model.inputs()[0].shape, [1, 3]);
    assert!(model.notes().iter().any(|n| n.contains("batch_size")), "{:?}", model.notes());
    let four = BTreeMap::from([("batch_size".to_string(), 4)]);
    let model = Model::load(&fixture("dynamic_batch"), &four).expect("given");
    assert_eq!(model.inputs()[0].shape, [4, 3]);
    let error = Model::load(&fixture("dynamic_length"), &BTreeMap::new()).expect_err("length");
    match &error {
        Error::DynamicDimension { input, symbol, axis } => {
            assert_eq!((input.as_str(), symbol.as_str(), *axis), ("x", "length", 1));
        }
        other => panic!("{other}"),
    }
    let seven = BTreeMap::from([("length".to_string(), 7)]);
    assert!(Model::load(&fixture("dynamic_length"), &seven).is_ok());
    let zero = BTreeMap::from([("length".to_string(), 0)]);
    assert!(Model::load(&fixture("dynamic_length"), &zero).is_err());
}

#[test]
fn inputs_are_checked() {
    let model = load("dynamic_batch");
    let good = vec![vec![0.5, -1.0, 2.0]];
    let graph = quantise(&model, std::slice::from_ref(&good), SETTINGS, 4.0).expect("quantises");
    for bad in [vec![], vec![vec![1.0, 2.0]], vec![vec![1.0; 3], vec![1.0; 3]]] {
        assert!(model.run(&bad).is_err());
        assert!(execute(&graph, &bad).is_err());
    }
    let error = model.run(&[vec![0.0; 12]]).expect_err("a batch");
    assert!(error.to_string().contains("batch of 4"), "{error}");
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = execute(&graph, &[vec![0.0, value, 0.0]]).expect_err("not finite");
        assert!(matches!(error, Error::InputNotFinite { index: 1, .. }), "{error}");
    }
    let error = execute(&graph, &[vec![0.0, 0.0, 1e9]]).expect_err("range");
    match error {
        Error::OutOfRange { node, index, value, min, max, .. } => {
            assert_eq!((node.as_str(), index, value), ("x", 2, 1e9));
            assert!(min <= -8.0 && (7.9..1e3).contains(&max), "{min} {max}");
        }
        other => panic!("{other}"),
    }
}

#[test]
fn settings_are_checked() {
    let model = load("relu");
    let sample = vec![input::random_inputs(&model, 1, (-1.0, 1.0))];
    for settings in [
        QuantisationSettings { limb_bits: 3, ..SETTINGS },
        QuantisationSettings { limb_bits: 17, ..SETTINGS },
        QuantisationSettings { low_limbs: 0, ..SETTINGS },
        QuantisationSettings { high_limbs: 3, ..SETTINGS },
        QuantisationSettings { fraction_bits: 90, ..SETTINGS },
    ] {
        assert!(matches!(quantise(&model, &sample, settings, 4.0), Err(Error::Settings { .. })));
    }
    assert!(matches!(quantise(&model, &sample, SETTINGS, f64::NAN), Err(Error::Settings { .. })));
    assert!(matches!(quantise(&model, &[], SETTINGS, 4.0), Err(Error::NoSamples)));
}

#[test]
fn calibration() {
    let model = load("conv_relu_pool_dense");
    let samples: Vec<_> = (0..3).map(|s| input::random_inputs(&model, s, (-1.0, 1.0))).collect();
    let run = |bound| {
        calibrate(
            &model,
            &samples,
            bound,
            &mut |g| Some(f64::from(g.settings.limbs()) * 100.0 + f64::from(g.settings.limb_bits)),
            &mut |_| (),
        )
    };
    let result = run(AccuracyBound::Absolute(1e-3)).expect("reachable");
    assert!(result.max_abs_error <= 1e-3);
    assert!(result.mean_abs_error <= result.max_abs_error);
    assert_eq!(result, run(AccuracyBound::Absolute(1e-3)).expect("again"));
    assert!(run(AccuracyBound::Relative(1e-2)).is_ok());
    match run(AccuracyBound::Absolute(1e-12)) {
        Err(Error::AccuracyUnreachable { best: Some(best), .. }) => {
            assert!(best.max_abs_error > 1e-12);
        }
        other => panic!("{other:?}"),
    }
    // A circuit that never compiles.
    let never = calibrate(&model, &samples, AccuracyBound::Absolute(1e-3), &mut |_| None, &mut |_| ());
    assert!(matches!(never, Err(Error::AccuracyUnreachable { .. })));
}

#[test]
fn input_files() {
    let model = load("two_outputs");
    let folder = std::env::temp_dir().join(format!("hallmark-graph-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("folder");
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("writes");
        path
    };
    let good = write("good.json", r#"{"input_data": [[1, [-2.5, true]], [0, 3]], "other": 1}"#);
    assert_eq!(input::read_inputs(&good, &model).expect("reads"), [vec![1.0, -2.5, 1.0], vec![0.0, 3.0]]);
    for (name, text) in [
        ("a.json", "{"),
        ("b.json", "{}"),
        ("c.json", r#"{"input_data": 3}"#),
        ("d.json", r#"{"input_data": [1, 2]}"#),
        ("e.json", r#"{"input_data": [["x"], [1]]}"#),
        ("f.txt", "1 2 3"),
        ("g.npy", "not an array"),
        ("h.npz", "not an archive"),
    ] {
        let error = input::read_inputs(&write(name, text), &model).expect_err(name);
        assert!(matches!(error, Error::InputFile { .. }), "{error}");
        assert!(error.to_string().contains(name), "{error}");
    }
    let short = write("short.json", r#"{"input_data": [[1, 2, 3], [1]]}"#);
    assert!(matches!(input::read_inputs(&short, &model), Err(Error::InputLength { .. })));
    assert!(matches!(input::read_inputs(&folder.join("none.json"), &model), Err(Error::Read { .. })));
    let array = ndarray::arr2(&[[0.5f32, -1.0, 2.0]]);
    let path = folder.join("x.npy");
    ndarray_npy::write_npy(&path, &array).expect("writes");
    let single = load("dynamic_batch");
    assert_eq!(input::read_inputs(&path, &single).expect("reads"), [vec![0.5, -1.0, 2.0]]);
    let path = folder.join("x.npz");
    let mut archive = ndarray_npy::NpzWriter::new(std::fs::File::create(&path).expect("creates"));
    archive.add_array("z", &ndarray::arr1(&[1i64, 2])).expect("adds");
    archive.add_array("x", &ndarray::arr1(&[1.0f64, 2.0, 3.0])).expect("adds");
    archive.finish().expect("finishes");
    assert_eq!(input::read_inputs(&path, &model).expect("reads"), [vec![1.0, 2.0, 3.0], vec![1.0, 2.0]]);
    std::fs::remove_dir_all(&folder).expect("removes");
}

#[test]
fn random_inputs_follow_their_seed() {
    let model = load("two_outputs");
    assert_eq!(input::random_inputs(&model, 5, (-1.0, 1.0)), input::random_inputs(&model, 5, (-1.0, 1.0)));
    assert_ne!(input::random_inputs(&model, 5, (-1.0, 1.0)), input::random_inputs(&model, 6, (-1.0, 1.0)));
}
