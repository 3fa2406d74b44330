//! Loading ONNX files through tract, and running the float model as the reference.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tract_onnx::pb;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::InferenceModel;
use tract_onnx::tract_hir::internal::InferenceModelExt;

use crate::error::Error;
use crate::guard;

/// What kind of numbers a tensor holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Real numbers.
    Float,
    /// Whole numbers, exact.
    Integer,
    /// `0` or `1`.
    Boolean,
}

/// Name, shape and kind of an input or output of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorSpec {
    /// ONNX name.
    pub name: String,
    /// Shape, every dimension known.
    pub shape: Vec<usize>,
    /// Kind of its elements.
    pub kind: Kind,
}

impl TensorSpec {
    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }
    /// True when it has no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A float model with all shapes known: parsed, typed and simplified by tract.
#[derive(Clone, Debug)]
pub struct Model {
    pub(crate) typed: Arc<TypedModel>,
    runnable: Arc<TypedRunnableModel>,
    inputs: Vec<TensorSpec>,
    outputs: Vec<TensorSpec>,
    notes: Vec<String>,
    sha256: [u8; 32],
}

/// Symbols that exporters use for a batch dimension.
fn is_batch_symbol(symbol: &str) -> bool {
    let lower = symbol.to_ascii_lowercase();
    matches!(lower.as_str(), "n" | "b" | "bs" | "none" | "?") || lower.contains("batch")
}

/// The chain of reasons, without the dumps that tract adds.
pub(crate) fn reason(error: &TractError) -> String {
    let mut parts: Vec<String> = vec![];
    for cause in error.chain() {
        let text = cause.to_string();
        let line: String = text.lines().next().unwrap_or_default().chars().take(300).collect();
        if !line.is_empty() && parts.last() != Some(&line) {
            parts.push(line);
        }
    }
    parts.join(": ")
}

fn failure(error: &TractError) -> Error {
    Error::Parse { reason: reason(error) }
}

impl Model {
    /// Loads an ONNX file. `dimensions` gives sizes for symbolic dimensions by name (`unk__AXIS`
    /// for one without a name); batch-like symbols that are not given are taken as 1 and noted.
    ///
    /// # Errors
    /// [`Error::Read`] when the file cannot be read, [`Error::Parse`] when it is not a model that
    /// can be loaded, [`Error::DynamicDimension`] when a size is missing.
    pub fn load(path: &Path, dimensions: &BTreeMap<String, usize>) -> Result<Model, Error> {
        let bytes =
            std::fs::read(path).map_err(|source| Error::Read { path: path.display().to_string(), source })?;
        let directory = path.parent().and_then(Path::to_str).map(str::to_string);
        Model::parse(&bytes, directory, dimensions)
    }

    /// Loads an ONNX model from memory. Weights in external files are refused.
    ///
    /// # Errors
    /// As for [`Model::load`].
    pub fn from_bytes(bytes: &[u8], dimensions: &BTreeMap<String, usize>) -> Result<Model, Error> {
        Model::parse(bytes, None, dimensions)
    }

    fn parse(
        bytes: &[u8],
        directory: Option<String>,
        dimensions: &BTreeMap<String, usize>,
    ) -> Result<Model, Error> {
        if bytes.is_empty() {
            return Err(Error::Parse { reason: "the file is empty".into() });
        }
        match guard::catch(|| Model::parse_unguarded(bytes, directory.as_deref(), dimensions)) {
            Ok(result) => result,
            Err(reason) => Err(Error::Parse { reason }),
        }
    }

    fn parse_unguarded(
        bytes: &[u8],
        directory: Option<&str>,
        dimensions: &BTreeMap<String, usize>,
    ) -> Result<Model, Error> {
        let onnx = tract_onnx::onnx().with_ignore_value_info(true);
        let mut reader = bytes;
        let mut proto = onnx
            .proto_model_for_read(&mut reader)
            .map_err(|e| Error::Parse { reason: format!("not an ONNX file ({})", reason(&e)) })?;
        let mut notes = vec![];
        fix_dimensions(&mut proto, dimensions, &mut notes)?;
        check_axes(&proto)?;
        let unknown = unknown_operators(&onnx, &proto);
        if !unknown.is_empty() {
            return Err(Error::Unsupported(unknown));
        }
        let parsed = onnx.parse(&proto, directory).map_err(|e| failure(&e))?;
        if !parsed.unresolved_inputs.is_empty() {
            return Err(Error::Parse {
                reason: format!("values that nothing computes: {:?}", parsed.unresolved_inputs),
            });
        }
        let inference: InferenceModel = parsed.model;
        let plain = inference.into_typed().map_err(|e| failure(&e))?;
        let (typed, runnable) = simplify(plain)?;
        let names = proto.graph.as_ref().map(|g| g.output.iter().map(|o| o.name.clone()).collect::<Vec<_>>());
        let mut inputs = vec![];
        for outlet in typed.input_outlets().map_err(|e| failure(&e))? {
            inputs.push(spec(&typed, *outlet, typed.nodes[outlet.node].name.clone())?);
        }
        let mut outputs = vec![];
        for (i, outlet) in typed.output_outlets().map_err(|e| failure(&e))?.iter().enumerate() {
            let name = names
                .as_ref()
                .and_then(|n| n.get(i).cloned())
                .unwrap_or_else(|| typed.nodes[outlet.node].name.clone());
            outputs.push(spec(&typed, *outlet, name)?);
        }
        if inputs.is_empty() || outputs.is_empty() {
            return Err(Error::Parse { reason: "the model has no input or no output".into() });
        }
        Ok(Model {
            typed: Arc::new(typed),
            runnable,
            inputs,
            outputs,
            notes,
            sha256: Sha256::digest(bytes).into(),
        })
    }

    /// Inputs in ONNX order.
    pub fn inputs(&self) -> &[TensorSpec] {
        &self.inputs
    }

    /// Outputs in ONNX order.
    pub fn outputs(&self) -> &[TensorSpec] {
        &self.outputs
    }

    /// Choices made while loading that the user should know.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// SHA-256 of the ONNX bytes.
    pub fn sha256(&self) -> [u8; 32] {
        self.sha256
    }

    /// Checks number, length and finiteness of flat row-major inputs.
    ///
    /// # Errors
    /// [`Error::InputCount`], [`Error::InputLength`], [`Error::InputNotFinite`].
    pub fn check_inputs(&self, inputs: &[Vec<f64>]) -> Result<(), Error> {
        let shapes: Vec<_> = self.inputs.iter().map(|s| (s.name.as_str(), s.shape.as_slice())).collect();
        check_inputs(&shapes, inputs)
    }

    /// Runs the float model: one flat row-major list per input, in ONNX order; the same for the
    /// outputs. Arithmetic is that of the model (mostly 32-bit floats).
    ///
    /// # Errors
    /// Those of [`Model::check_inputs`], and [`Error::Run`].
    pub fn run(&self, inputs: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, Error> {
        self.check_inputs(inputs)?;
        let outcome = guard::catch(|| -> TractResult<Vec<Vec<f64>>> {
            let outlets = self.typed.input_outlets()?;
            let mut values = tvec!();
            for ((outlet, spec), data) in outlets.iter().zip(&self.inputs).zip(inputs) {
                let target = self.typed.outlet_fact(*outlet)?.datum_type;
                values.push(to_tensor(data, &spec.shape, target)?.into_tvalue());
            }
            let results = self.runnable.run(values)?;
            results.iter().map(|t| to_f64(t)).collect()
        });
        match outcome {
            Ok(Ok(values)) => Ok(values),
            Ok(Err(e)) => Err(Error::Run { reason: reason(&e) }),
            Err(reason) => Err(Error::Run { reason }),
        }
    }
}

/// Checks flat inputs against names and shapes.
pub(crate) fn check_inputs(shapes: &[(&str, &[usize])], inputs: &[Vec<f64>]) -> Result<(), Error> {
    if shapes.len() != inputs.len() {
        return Err(Error::InputCount {
            expected: shapes.len(),
            names: shapes.iter().map(|s| s.0).collect::<Vec<_>>().join(", "),
            found: inputs.len(),
        });
    }
    for ((name, shape), data) in shapes.iter().zip(inputs) {
        let expected: usize = shape.iter().product();
        if expected != data.len() {
            let hint = if expected > 0 && !data.is_empty() && data.len() % expected == 0 {
                format!(
                    " (data for a batch of {}: set the batch dimension to that)",
                    data.len() / expected * shape.first().copied().unwrap_or(1)
                )
            } else {
                String::new()
            };
            return Err(Error::InputLength {
                input: (*name).to_string(),
                shape: shape.to_vec(),
                expected,
                found: data.len(),
                hint,
            });
        }
        if let Some((index, value)) = data.iter().enumerate().find(|(_, v)| !v.is_finite()) {
            return Err(Error::InputNotFinite { input: (*name).to_string(), index, value: *value });
        }
    }
    Ok(())
}

/// The simplified model and a runnable one. Simplification fails on a few sound models (a tiled
/// batch, for one): those are used as they are.
fn simplify(plain: TypedModel) -> Result<(TypedModel, Arc<TypedRunnableModel>), Error> {
    let simplified = guard::catch(|| {
        let typed = plain.clone().into_decluttered()?;
        let runnable = typed.clone().into_optimized()?.into_runnable()?;
        TractResult::Ok((typed, runnable))
    });
    if let Ok(Ok(both)) = simplified {
        return Ok(both);
    }
    let runnable = plain.clone().into_runnable().map_err(|e| failure(&e))?;
    Ok((plain, runnable))
}

fn spec(model: &TypedModel, outlet: OutletId, name: String) -> Result<TensorSpec, Error> {
    let fact = model.outlet_fact(outlet).map_err(|e| failure(&e))?;
    let shape = fact.shape.as_concrete().ok_or_else(|| Error::Parse {
        reason: format!("`{name}` has a shape that depends on its data: {:?}", fact.shape),
    })?;
    let kind = match fact.datum_type {
        DatumType::Bool => Kind::Boolean,
        dt if dt.is_float() => Kind::Float,
        dt if dt.is_integer() || dt == DatumType::TDim => Kind::Integer,
        dt => {
            return Err(Error::Parse { reason: format!("`{name}` holds {dt:?}, not numbers") });
        }
    };
    Ok(TensorSpec { name, shape: shape.to_vec(), kind })
}

fn to_tensor(data: &[f64], shape: &[usize], target: DatumType) -> TractResult<Tensor> {
    if target == DatumType::Bool {
        let flags: Vec<bool> = data.iter().map(|v| *v != 0.0).collect();
        return Tensor::from_shape(shape, &flags);
    }
    if target.is_float() {
        let tensor = Tensor::from_shape(shape, data)?;
        return Ok(tensor.cast_to_dt(target)?.into_owned());
    }
    let whole: Vec<i64> = data.iter().map(|v| v.round() as i64).collect();
    Ok(Tensor::from_shape(shape, &whole)?.cast_to_dt(target)?.into_owned())
}

/// Any numeric tensor as 64-bit floats, row-major.
pub(crate) fn to_f64(tensor: &Tensor) -> TractResult<Vec<f64>> {
    if tensor.datum_type() == DatumType::Bool {
        let view = tensor.try_as_plain_ram()?;
        return Ok(view.as_slice::<bool>()?.iter().map(|b| f64::from(u8::from(*b))).collect());
    }
    if tensor.datum_type() == DatumType::TDim {
        let cast = tensor.cast_to::<i64>()?;
        let view = cast.try_as_plain_ram()?;
        return Ok(view.as_slice::<i64>()?.iter().map(|v| *v as f64).collect());
    }
    let cast = tensor.cast_to::<f64>()?;
    let view = cast.try_as_plain_ram()?;
    Ok(view.as_slice::<f64>()?.to_vec())
}

/// Elements that one input may have.
const MAX_INPUT_ELEMENTS: i64 = 1 << 24;

/// Replaces symbolic dimensions of the graph inputs by numbers.
fn fix_dimensions(
    proto: &mut pb::ModelProto,
    dimensions: &BTreeMap<String, usize>,
    notes: &mut Vec<String>,
) -> Result<(), Error> {
    use pb::tensor_shape_proto::dimension::Value as Dim;
    let Some(graph) = proto.graph.as_mut() else {
        return Err(Error::Parse { reason: "not an ONNX file (it holds no graph)".into() });
    };
    let constants: Vec<String> = graph.initializer.iter().map(|t| t.name.clone()).collect();
    for input in &mut graph.input {
        if constants.contains(&input.name) {
            continue;
        }
        let name = input.name.clone();
        let Some(pb::type_proto::Value::TensorType(tensor)) =
            input.r#type.as_mut().and_then(|t| t.value.as_mut())
        else {
            continue;
        };
        let Some(shape) = tensor.shape.as_mut() else {
            return Err(Error::Parse {
                reason: format!("input `{name}` has no shape; export the model with shapes"),
            });
        };
        for (axis, dim) in shape.dim.iter_mut().enumerate() {
            let symbol = match &dim.value {
                Some(Dim::DimValue(n)) if *n > 0 => continue,
                Some(Dim::DimParam(s)) if !s.is_empty() => s.clone(),
                _ => format!("unk__{axis}"),
            };
            if let Ok(n) = symbol.parse::<i64>()
                && n > 0
            {
                dim.value = Some(Dim::DimValue(n));
                continue;
            }
            let anonymous = symbol == format!("unk__{axis}") && axis == 0;
            let size = if let Some(size) = dimensions.get(&symbol) {
                *size
            } else if is_batch_symbol(&symbol) || anonymous {
                let note = format!("dimension `{symbol}` of input `{name}` taken as 1");
                if !notes.contains(&note) {
                    notes.push(note);
                }
                1
            } else {
                return Err(Error::DynamicDimension { input: name, symbol, axis });
            };
            if size == 0 || size > 1 << 24 {
                return Err(Error::Parse { reason: format!("dimension `{symbol}` cannot be {size}") });
            }
            dim.value = Some(Dim::DimValue(size as i64));
        }
        let elements = shape.dim.iter().try_fold(1i64, |n, dim| match &dim.value {
            Some(Dim::DimValue(d)) => n.checked_mul(*d),
            _ => Some(n),
        });
        if elements.is_none_or(|n| n > MAX_INPUT_ELEMENTS) {
            return Err(Error::Parse {
                reason: format!("input `{name}` has more than {MAX_INPUT_ELEMENTS} elements"),
            });
        }
    }
    Ok(())
}

/// Refuses axes far outside any tensor: some of tract's operators count up to them.
fn check_axes(proto: &pb::ModelProto) -> Result<(), Error> {
    const MAX_RANK: i64 = 16;
    let nodes = proto.graph.iter().flat_map(|g| &g.node);
    for node in nodes {
        for attribute in &node.attribute {
            if attribute.name == "axis" && !(-MAX_RANK..MAX_RANK).contains(&attribute.i) {
                return Err(Error::Parse {
                    reason: format!("node `{}` has the axis {}", node.name, attribute.i),
                });
            }
        }
    }
    Ok(())
}

/// Nodes whose operator tract does not know at all, in this graph (not its sub-graphs).
fn unknown_operators(
    onnx: &tract_onnx::model::Onnx,
    proto: &pb::ModelProto,
) -> Vec<crate::error::UnsupportedNode> {
    let Some(graph) = proto.graph.as_ref() else {
        return vec![];
    };
    graph
        .node
        .iter()
        .filter(|node| !onnx.op_register.0.contains_key(&node.op_type))
        .map(|node| crate::error::UnsupportedNode {
            name: if node.name.is_empty() {
                node.output.first().cloned().unwrap_or_default()
            } else {
                node.name.clone()
            },
            operator: if node.domain.is_empty() {
                node.op_type.clone()
            } else {
                format!("{}.{}", node.domain, node.op_type)
            },
            reason: "the ONNX loader does not know this operator; export it as standard operators".into(),
        })
        .collect()
}
