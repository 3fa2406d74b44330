//! What a model is made of, and what of it cannot be proven.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::{Cost, DimLike, TypedOp};
use tract_onnx::tract_core::ops;

use crate::error::Error;
use crate::guard;
use crate::load::Model;
use crate::lower::lower;

/// One node of the simplified model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeReport {
    /// Name in the model.
    pub name: String,
    /// Operator.
    pub operator: String,
    /// Shape of its first output.
    pub shape: Vec<usize>,
    /// Number of constants it reads (weights, biases).
    pub parameters: usize,
    /// Multiplications and additions of one inference.
    pub macs: usize,
    /// Why it cannot be proven and what it would need; `None` when it can.
    pub unsupported: Option<String>,
}

impl Model {
    /// One report per node, in order of computation; constants and inputs are left out.
    pub fn inspect(&self) -> Vec<NodeReport> {
        let refused = match lower(self) {
            Err(Error::Unsupported(list)) => list,
            _ => vec![],
        };
        guard::catch(|| {
            let order = self.typed.eval_order().unwrap_or_default();
            order
                .into_iter()
                .filter_map(|id| {
                    let node = &self.typed.nodes[id];
                    let op: &dyn TypedOp = node.op.as_ref();
                    if op.is::<ops::source::TypedSource>() || op.is::<ops::konst::Const>() {
                        return None;
                    }
                    let facts: Vec<&TypedFact> =
                        node.inputs.iter().filter_map(|o| self.typed.outlet_fact(*o).ok()).collect();
                    let parameters = facts.iter().filter_map(|f| f.konst.as_ref()).map(|k| k.len()).sum();
                    let macs = op
                        .cost(&facts)
                        .map(|costs| {
                            costs
                                .iter()
                                .filter(|(kind, _)| matches!(kind, Cost::FMA(_)))
                                .filter_map(|(_, n)| n.to_usize().ok())
                                .sum()
                        })
                        .unwrap_or(0);
                    Some(NodeReport {
                        name: node.name.clone(),
                        operator: op.name().into_owned(),
                        shape: node
                            .outputs
                            .first()
                            .and_then(|o| o.fact.shape.as_concrete())
                            .map(<[usize]>::to_vec)
                            .unwrap_or_default(),
                        parameters,
                        macs,
                        unsupported: refused.iter().find(|r| r.name == node.name).map(|r| r.reason.clone()),
                    })
                })
                .collect()
        })
        .unwrap_or_default()
    }
}
