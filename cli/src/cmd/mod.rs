//! One module per verb.

pub(crate) mod bench;
pub(crate) mod build;
pub(crate) mod completions;
pub(crate) mod deploy;
pub(crate) mod doctor;
pub(crate) mod export;
pub(crate) mod gas;
pub(crate) mod init;
pub(crate) mod inspect;
pub(crate) mod new;
pub(crate) mod prove;
pub(crate) mod srs;
pub(crate) mod steps;
pub(crate) mod submit;
pub(crate) mod test;
pub(crate) mod verify;
