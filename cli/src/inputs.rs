//! Models and inputs: from files, from the binary itself, or random.

use crate::error::{Failure, Outcome};
use crate::output::Shell;
use hallmark_graph::{Model, input};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Longest time that reading a model may take.
const LOAD_LIMIT: Duration = Duration::from_secs(120);

/// One inference's inputs: one flat list per model input.
pub(crate) type Sample = Vec<Vec<f64>>;

/// Seed of random inputs when nobody gives one.
pub(crate) const DEFAULT_SEED: u64 = 1;
/// Random inputs are drawn from here.
pub(crate) const RANDOM_RANGE: (f64, f64) = (-1.0, 1.0);

/// A model with its bytes.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) model: Model,
    pub(crate) onnx: Vec<u8>,
    pub(crate) name: String,
}

/// Reads and loads a model.
pub(crate) fn load(shell: &Shell, path: &Path, dimensions: &BTreeMap<String, usize>) -> Outcome<Loaded> {
    let onnx = std::fs::read(path).map_err(|error| Failure::io("read", path, &error))?;
    let model = load_within(LOAD_LIMIT, path, dimensions)?;
    report_notes(shell, &model);
    Ok(Loaded { model, onnx, name: model_name(path) })
}

/// Loads on a thread of its own: a malformed file can keep the ONNX reader busy for ever, and a thread
/// cannot be stopped, but the process that waits for it can.
fn load_within(limit: Duration, path: &Path, dimensions: &BTreeMap<String, usize>) -> Outcome<Model> {
    let (sender, receiver) = mpsc::channel();
    let (owned_path, dimensions) = (path.to_owned(), dimensions.clone());
    thread::spawn(move || {
        // Nobody listens any more once the limit has passed.
        let _ = sender.send(Model::load(&owned_path, &dimensions));
    });
    match receiver.recv_timeout(limit) {
        Ok(model) => Ok(model?),
        Err(mpsc::RecvTimeoutError::Timeout) => Err(Failure::new(format!(
            "`{}` was not loaded within {} seconds",
            path.display(),
            limit.as_secs()
        ))
        .hint("check the model with `onnx.checker`, or export it again")),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            Err(Failure::new(format!("the ONNX reader stopped on `{}`", path.display()))
                .hint("check the model with `onnx.checker`, or export it again"))
        }
    }
}

fn report_notes(shell: &Shell, model: &Model) {
    for note in model.notes() {
        shell.note(note);
    }
}

/// What to call a model: its file's name, or its folder's where the file's says nothing.
pub(crate) fn model_name(path: &Path) -> String {
    let text = |part: Option<&std::ffi::OsStr>| part.map(|p| p.to_string_lossy().into_owned());
    let stem = text(path.file_stem()).unwrap_or_default();
    if ["model", "network"].contains(&stem.as_str()) {
        let absolute = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        if let Some(folder) = text(absolute.parent().and_then(Path::file_name))
            && folder != "model"
        {
            return folder;
        }
    }
    stem
}

/// One inference's inputs, checked against the model.
pub(crate) fn read(path: &Path, model: &Model) -> Outcome<Sample> {
    let sample = input::read_inputs(path, model)?;
    model.check_inputs(&sample)?;
    Ok(sample)
}

/// One or many inferences' inputs: a JSON list of inputs, or whatever [`read`] takes.
pub(crate) fn read_many(path: &Path, model: &Model) -> Outcome<Vec<Sample>> {
    let json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    if json {
        let text = std::fs::read_to_string(path).map_err(|error| Failure::io("read", path, &error))?;
        if text.trim_start().starts_with('[') {
            return parse_many(&text, model).map_err(|failure| Failure {
                message: format!("`{}`: {}", path.display(), failure.message),
                ..failure
            });
        }
    }
    Ok(vec![read(path, model)?])
}

/// A JSON list of inputs.
fn parse_many(text: &str, model: &Model) -> Outcome<Vec<Sample>> {
    let values: Vec<serde_json::Value> = serde_json::from_str(text).map_err(|error| {
        Failure::new(format!("not a JSON list of inputs: {error}"))
            .hint("expected [{\"input_data\": [[…], …]}, …]")
    })?;
    if values.is_empty() {
        return Err(Failure::new("the list of inputs is empty"));
    }
    values
        .into_iter()
        .enumerate()
        .map(|(index, value)| {
            parse(value, model).map_err(|failure| Failure {
                message: format!("entry {index}: {}", failure.message),
                ..failure
            })
        })
        .collect()
}

/// One input of a list.
#[derive(Debug, serde::Deserialize)]
struct Entry {
    input_data: Vec<Vec<Element>>,
}

/// A number or a flag.
#[derive(Clone, Copy, Debug, serde::Deserialize)]
#[serde(untagged)]
enum Element {
    Number(f64),
    Flag(bool),
}

/// One input, JSON.
fn parse(value: serde_json::Value, model: &Model) -> Outcome<Sample> {
    let entry: Entry = serde_json::from_value(value).map_err(|error| {
        Failure::new(format!("not an input: {error}")).hint("expected {\"input_data\": [[…], …]}")
    })?;
    let number = |element: Element| match element {
        Element::Number(value) => value,
        Element::Flag(value) => f64::from(u8::from(value)),
    };
    let sample: Sample =
        entry.input_data.into_iter().map(|list| list.into_iter().map(number).collect()).collect();
    model.check_inputs(&sample)?;
    Ok(sample)
}

/// Random inputs, said clearly.
pub(crate) fn random(shell: &Shell, model: &Model, seed: u64) -> Outcome<Sample> {
    let (low, high) = RANDOM_RANGE;
    shell.note(&format!(
        "no input given: using random numbers between {low} and {high} (seed {seed}); \
         accuracy on real inputs may differ"
    ));
    Ok(input::random_inputs(model, seed, (low, high)))
}

/// Inputs as the file that [`read`] takes.
pub(crate) fn to_json(sample: &Sample) -> Vec<u8> {
    format!("{}\n", serde_json::json!({ "input_data": sample })).into_bytes()
}
