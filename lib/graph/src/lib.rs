//! ONNX to integer graph: loading, lowering, calibration and the integer reference executor.

mod error;
mod execute;
mod expression;
mod guard;
pub mod input;
pub mod ir;
mod load;
mod lower;
mod plan;
mod quantise;
mod table;

pub use error::{BestFound, Error, UnsupportedNode};
pub use execute::{Execution, execute, outputs};
pub use load::{Kind, Model, TensorSpec};
pub use quantise::quantise;
