//! Projects around a generated verifier, for Foundry, Hardhat or Remix: what a person starts from, and
//! what `build` refreshes in it later.
//!
//! Three ways in: [`new_project`] makes a folder, [`init_project`] adds to an existing project and
//! overwrites nothing, [`refresh_project`] rewrites the generated files of either, as
//! long as nobody changed them by hand. All three write complete files or none.

mod error;
mod foundry;
mod frameworks;
mod layout;
mod render;
mod spec;
mod template;
mod write;

pub use error::Error;
pub use foundry::FoundryLayout;
pub use frameworks::Framework;
pub use layout::{LOCK_FILE, Ownership};
pub use render::{is_member_name, plain_name};
pub use spec::{
    Accuracy, Ci, ContextParts, Fixture, FurtherProof, Member, ModelFiles, Output, ProjectSpec, ProvenModel,
    SourceFile, Versions,
};
pub use template::{EmbeddedModel, NamedProof, SampleChoice, Template};
pub use write::{
    Skipped, Undone, Written, check_init, check_new, framework_of, init_project, new_project, plan_init,
    provenance_of, refresh_project, undo_init,
};
