//! Input files, and seeded random inputs.

use std::path::Path;

use ndarray_npy::{NpzReader, ReadNpyError, ReadNpyExt, ReadableElement};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use serde_json::Value;

use crate::error::Error;
use crate::load::{Kind, Model};

/// Reads inputs for `model`: one flat row-major list per model input.
///
/// * `.json`: `{"input_data": [[…], …]}`, numbers or booleans, nested lists are flattened, other
///   keys are ignored;
/// * `.npy`: one array, for a model with one input;
/// * `.npz`: arrays named like the inputs, else taken in the order of the file.
///
/// # Errors
/// [`Error::Read`], [`Error::InputFile`], and those of [`Model::check_inputs`].
pub fn read_inputs(path: &Path, model: &Model) -> Result<Vec<Vec<f64>>, Error> {
    let bytes =
        std::fs::read(path).map_err(|source| Error::Read { path: path.display().to_string(), source })?;
    let bad = |reason: String| Error::InputFile { path: path.display().to_string(), reason };
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase();
    let inputs = match extension.as_str() {
        "json" => parse_json(&bytes).map_err(bad)?,
        "npy" => vec![parse_npy(&bytes).map_err(bad)?],
        "npz" => parse_npz(bytes, model).map_err(bad)?,
        other => {
            return Err(bad(format!("unknown kind of file `{other}`; use .json, .npy or .npz")));
        }
    };
    model.check_inputs(&inputs)?;
    Ok(inputs)
}

fn parse_json(bytes: &[u8]) -> Result<Vec<Vec<f64>>, String> {
    let value: Value = serde_json::from_slice(bytes).map_err(|e| format!("not JSON: {e}"))?;
    let data = value
        .get("input_data")
        .ok_or("it has no key `input_data`")?
        .as_array()
        .ok_or("`input_data` is not a list of lists")?;
    data.iter()
        .enumerate()
        .map(|(i, item)| {
            let mut flat = vec![];
            if !item.is_array() {
                return Err(format!("`input_data[{i}]` is not a list; write [[…]]"));
            }
            flatten(item, &mut flat).map_err(|e| format!("`input_data[{i}]` holds {e}"))?;
            Ok(flat)
        })
        .collect()
}

fn flatten(value: &Value, flat: &mut Vec<f64>) -> Result<(), String> {
    match value {
        Value::Array(items) => items.iter().try_for_each(|v| flatten(v, flat)),
        Value::Bool(b) => {
            flat.push(f64::from(u8::from(*b)));
            Ok(())
        }
        Value::Number(n) => {
            flat.push(n.as_f64().ok_or_else(|| format!("the number {n}"))?);
            Ok(())
        }
        other => Err(format!("{other}, neither a number nor a boolean")),
    }
}

fn read_as<T: ReadableElement + Copy>(
    bytes: &[u8],
    convert: impl Fn(T) -> f64,
) -> Result<Vec<f64>, ReadNpyError> {
    let array = ndarray::ArrayD::<T>::read_npy(bytes)?;
    Ok(array.iter().map(|v| convert(*v)).collect())
}

/// Reads an array of one element type.
type Reader = fn(&[u8]) -> Result<Vec<f64>, ReadNpyError>;

fn parse_npy(bytes: &[u8]) -> Result<Vec<f64>, String> {
    let attempts: [Reader; 7] = [
        |b| read_as::<f32>(b, f64::from),
        |b| read_as::<f64>(b, |v| v),
        |b| read_as::<i64>(b, |v| v as f64),
        |b| read_as::<i32>(b, f64::from),
        |b| read_as::<u8>(b, f64::from),
        |b| read_as::<i8>(b, f64::from),
        |b| read_as::<bool>(b, |v| f64::from(u8::from(v))),
    ];
    let mut last = String::new();
    for attempt in attempts {
        match attempt(bytes) {
            Ok(values) => return Ok(values),
            Err(ReadNpyError::WrongDescriptor(d)) => last = format!("unsupported element type {d}"),
            Err(e) => last = e.to_string(),
        }
    }
    Err(last)
}

fn parse_npz(bytes: Vec<u8>, model: &Model) -> Result<Vec<Vec<f64>>, String> {
    let mut reader =
        NpzReader::new(std::io::Cursor::new(bytes)).map_err(|e| format!("not an .npz file: {e}"))?;
    let names = reader.names().map_err(|e| e.to_string())?;
    let bare = |n: &str| n.trim_end_matches(".npy").to_string();
    let wanted: Vec<String> = model.inputs().iter().map(|i| i.name.clone()).collect();
    let by_name = wanted.iter().all(|w| names.iter().any(|n| bare(n) == *w));
    if !by_name && names.len() != wanted.len() {
        return Err(format!("it holds the arrays {names:?}, the model has the inputs {wanted:?}"));
    }
    (0..wanted.len())
        .map(|i| {
            let name = if by_name {
                names.iter().find(|n| bare(n) == wanted[i]).cloned().unwrap_or_default()
            } else {
                names[i].clone()
            };
            read_member(&mut reader, &name).map_err(|e| format!("array `{name}`: {e}"))
        })
        .collect()
}

fn read_member(reader: &mut NpzReader<std::io::Cursor<Vec<u8>>>, name: &str) -> Result<Vec<f64>, String> {
    macro_rules! attempt {
        ($type:ty, $convert:expr) => {
            if let Ok(array) = reader.by_name::<ndarray::OwnedRepr<$type>, ndarray::IxDyn>(name) {
                return Ok(array.iter().map(|v| $convert(*v)).collect());
            }
        };
    }
    attempt!(f32, f64::from);
    attempt!(f64, |v: f64| v);
    attempt!(i64, |v: i64| v as f64);
    attempt!(i32, f64::from);
    attempt!(u8, f64::from);
    attempt!(i8, f64::from);
    attempt!(bool, |v: bool| f64::from(u8::from(v)));
    Err("unsupported element type".into())
}

/// Random inputs in `range` (whole numbers and flags where the model wants them), the same for the
/// same seed.
pub fn random_inputs(model: &Model, seed: u64, range: (f64, f64)) -> Vec<Vec<f64>> {
    let mut random = ChaCha20Rng::seed_from_u64(seed);
    let (low, high) = if range.0 <= range.1 { range } else { (range.1, range.0) };
    model
        .inputs()
        .iter()
        .map(|spec| {
            (0..spec.len())
                .map(|_| {
                    let unit: f64 = random.r#gen();
                    let value = low + unit * (high - low);
                    match spec.kind {
                        // Single precision, as most models and input files hold.
                        Kind::Float => f64::from(value as f32),
                        Kind::Integer => value.round(),
                        Kind::Boolean => f64::from(u8::from(unit >= 0.5)),
                    }
                })
                .collect()
        })
        .collect()
}
