//! Integer graph to circuit: the description of circuits, the layout compiler and the witness.

pub mod description;
pub mod field;
