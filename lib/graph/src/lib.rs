//! ONNX to integer graph: loading, lowering, calibration and the integer reference executor.

pub mod ir;
