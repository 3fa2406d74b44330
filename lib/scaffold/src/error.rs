//! What can go wrong.

use std::path::{Path, PathBuf};

/// Error of this crate. Every one names the file or the field it is about.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder for a new project has something in it.
    #[error("`{}` exists and is not empty", .0.display())]
    NotEmpty(PathBuf),
    /// `init` outside a Foundry project.
    #[error("`{}` is not a Foundry project: it has no foundry.toml", .0.display())]
    NotFoundry(PathBuf),
    /// `init` for Hardhat outside a Hardhat project.
    #[error("`{}` is not a Hardhat project: it has no hardhat.config.ts", .0.display())]
    NotHardhat(PathBuf),
    /// `init` in a project of an earlier Hardhat.
    #[error("`{}` is a project of Hardhat {version}; Hardhat 3.4 or newer is needed", .dir.display())]
    OldHardhat {
        /// The project.
        dir: PathBuf,
        /// What its package.json asks for.
        version: String,
    },
    /// `init` for a framework without projects of its own.
    #[error("Remix keeps no project in `{}`: there is nothing to add to", .0.display())]
    NothingToInit(PathBuf),
    /// `init` where there is a project of ours already.
    #[error("`{}` exists: this is a hallmark project already", .0.display())]
    AlreadyInitialised(PathBuf),
    /// Undoing in a project that `init` did not add to.
    #[error("`{}` does not say what `init` added: this project was made by `new`, or by an older version", .0.display())]
    NothingToUndo(PathBuf),
    /// A foundry.toml that cannot be read.
    #[error("`{}` is not valid TOML: {message}", .path.display())]
    FoundryToml {
        /// The file.
        path: PathBuf,
        /// What the parser says.
        message: String,
    },
    /// A lock file that cannot be read.
    #[error("`{}` is not a lock file of hallmark: {message}", .path.display())]
    Lock {
        /// The file.
        path: PathBuf,
        /// What the parser says.
        message: String,
    },
    /// Something in the description of the project cannot be rendered.
    #[error("{field}: {message}")]
    Spec {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// The model cannot be used in the template.
    #[error("template `{template}` needs the model's first output to be {expected}; it is {found}")]
    OutputsDoNotFit {
        /// The template.
        template: &'static str,
        /// What it needs.
        expected: &'static str,
        /// What the model has.
        found: String,
        /// Templates that take such a model.
        fitting: Vec<&'static str>,
    },
    /// A template does not render: a bug of this crate.
    #[error("template `{name}` does not render: {source}")]
    Template {
        /// The template.
        name: String,
        /// Why.
        source: Box<minijinja::Error>,
    },
    /// Reading or writing failed.
    #[error("cannot {action} `{}`: {source}", .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
}

impl Error {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { action, path, source }
    }

    pub(crate) fn spec(field: &'static str, message: impl Into<String>) -> Self {
        Self::Spec { field, message: message.into() }
    }

    /// What the person can do about it, where that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotEmpty(_) => Some(
                "choose another folder, or run `hallmark init` inside an existing Foundry or Hardhat project".into(),
            ),
            Self::NotFoundry(_) => {
                Some("make a project with `hallmark new`, or run `forge init` or `npx hardhat --init` first".into())
            }
            Self::AlreadyInitialised(_) => Some(
                "`hallmark build` remakes what is stale in it; `hallmark init --undo` removes what `init` added"
                    .into(),
            ),
            Self::NothingToUndo(_) => Some("remove the project's folder instead".into()),
            Self::NotHardhat(_) => Some(
                "make a project with `hallmark new --framework hardhat`, or run `npx hardhat --init` first".into(),
            ),
            Self::OldHardhat { .. } => Some("`npm install --save-dev hardhat@3`, and see its guide to migration".into()),
            Self::NothingToInit(_) => Some("`hallmark new DIR --framework remix` makes a folder to upload".into()),
            Self::Io { source, path, .. } => match source.kind() {
                std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                    Some("the folder must be writable".into())
                }
                std::io::ErrorKind::StorageFull => Some("the disk is full".into()),
                std::io::ErrorKind::NotFound if path.ends_with(crate::LOCK_FILE) => Some(
                    "restore it from version control: it says which files are generated; `hallmark new` and \
                     `hallmark init` make it"
                        .into(),
                ),
                _ => None,
            },
            Self::OutputsDoNotFit { fitting, .. } => {
                let options: Vec<_> = fitting.iter().map(|name| format!("`--template {name}`")).collect();
                Some(match options.is_empty() {
                    true => "export the model with an output".into(),
                    false => format!("change the model's last layer, or use {}", options.join(" or ")),
                })
            }
            Self::Lock { .. } => Some("restore it from version control: it says which files are generated".into()),
            _ => None,
        }
    }
}
