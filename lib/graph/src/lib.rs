//! ONNX to integer graph: loading, lowering, calibration and the integer reference executor.

mod calibrate;
mod error;
mod execute;
mod expression;
mod guard;
pub mod input;
mod inspect;
pub mod ir;
mod load;
mod lower;
mod plan;
mod quantise;
mod table;

pub use calibrate::{AccuracyBound, Calibration, Candidate, DEFAULT_HEADROOM, Trial, calibrate};
pub use error::{BestFound, Error, UnsupportedNode};
pub use execute::{Execution, execute, outputs};
pub use inspect::NodeReport;
pub use load::{Kind, Model, TensorSpec};
pub use quantise::quantise;
