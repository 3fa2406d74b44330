//! What a person reads when something fails.

/// A failure: what happened, where, and what mends it.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What happened.
    pub(crate) message: String,
    /// What mends it.
    pub(crate) hint: Option<String>,
    /// True when it is our fault: exit code 2.
    pub(crate) bug: bool,
}

/// Result of everything in this binary.
pub(crate) type Outcome<T> = Result<T, Failure>;

impl Failure {
    /// A failure without a hint.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, bug: false }
    }

    /// Adds the hint.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Something that cannot happen did.
    pub(crate) fn bug(message: impl Into<String>) -> Self {
        Self {
            message: format!("{} (this is a bug)", message.into()),
            hint: Some("please report it, with the command and the model".into()),
            bug: true,
        }
    }

    /// A file that cannot be read or written.
    pub(crate) fn io(action: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        let failure = Self::new(format!("cannot {action} `{}`: {error}", path.display()));
        match io_hint(error) {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

fn io_hint(error: &std::io::Error) -> Option<&'static str> {
    use std::io::ErrorKind::{NotFound, PermissionDenied, ReadOnlyFilesystem, StorageFull};
    match error.kind() {
        NotFound => Some("check the path"),
        PermissionDenied | ReadOnlyFilesystem => Some("choose a place that you may write to"),
        StorageFull => Some("make room on the disk"),
        _ => None,
    }
}

impl From<hallmark_scaffold::Error> for Failure {
    fn from(error: hallmark_scaffold::Error) -> Self {
        use hallmark_scaffold::Error;
        if matches!(error, Error::Template { .. }) {
            return Self::bug(error.to_string());
        }
        Self { hint: error.hint(), bug: false, message: error.to_string() }
    }
}

impl From<hallmark_proof::Error> for Failure {
    fn from(error: hallmark_proof::Error) -> Self {
        use hallmark_proof::Error;
        let failure = Self::new(error.to_string());
        match &error {
            Error::Io { source, .. } => match io_hint(source) {
                Some(hint) => failure.hint(hint),
                None => failure,
            },
            Error::Format { .. } => {
                failure.hint(
                "check the path; what is in `.hallmark/` may be deleted, `hallmark build` makes it again, and a proof \
                 is made by `hallmark prove --out FILE`",
            )
            }
            Error::WrongKey { .. } => {
                failure.hint("the proof is of another model, or of another build of this one")
            }
            Error::WrongSrs { .. } => failure.hint("run `hallmark setup` to make the keys again"),
            Error::Rejected | Error::Instances { .. } => failure,
            Error::Unsatisfied
            | Error::Backend { .. }
            | Error::Context { .. }
            | Error::SrsTooSmall { .. } => Self { bug: true, ..failure },
            Error::Unsupported { .. } => failure,
        }
    }
}

impl From<hallmark_graph::Error> for Failure {
    fn from(error: hallmark_graph::Error) -> Self {
        use hallmark_graph::Error;
        let failure = Self::new(error.to_string());
        let hint = match &error {
            Error::Read { source, .. } => io_hint(source).map(str::to_owned),
            Error::Parse { .. } => {
                Some("check that the file is a complete ONNX model (export it again)".to_owned())
            }
            Error::DynamicDimension { symbol, .. } => {
                Some(format!("give its size with `--dimension {symbol}=SIZE`"))
            }
            Error::Unsupported(_) => {
                Some("`hallmark inspect` lists every node; rewrite those named here".to_owned())
            }
            Error::InputCount { .. } | Error::InputLength { .. } | Error::InputFile { .. } => Some(
                "expected {\"input_data\": [[…], …]}, one flat row-major list per model input".to_owned(),
            ),
            Error::InputNotFinite { .. } => Some("replace it by a number".to_owned()),
            Error::OutOfRange { .. } => {
                Some("add inputs like this one to the calibration file, then run `hallmark build`".to_owned())
            }
            Error::AccuracyUnreachable { .. } => {
                Some("allow a larger error with `--max-abs-error` or `--max-rel-error`".to_owned())
            }
            _ => None,
        };
        Self { hint, bug: matches!(error, Error::Malformed { .. }), ..failure }
    }
}

impl From<hallmark_circuit::CompileError> for Failure {
    fn from(error: hallmark_circuit::CompileError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<hallmark_circuit::WitnessError> for Failure {
    fn from(error: hallmark_circuit::WitnessError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<hallmark_solidity::Error> for Failure {
    fn from(error: hallmark_solidity::Error) -> Self {
        use hallmark_solidity::Error;
        let failure = Self::new(error.to_string());
        match &error {
            Error::NoSolc { version, .. } => failure.hint(format!(
                "name one with `--solc PATH`, or run `npm install --save-dev solc@{version}` in the project"
            )),
            Error::Io { source, .. } => match io_hint(source) {
                Some(hint) => failure.hint(hint),
                None => failure,
            },
            _ => failure,
        }
    }
}

impl From<hallmark_gas::Error> for Failure {
    fn from(error: hallmark_gas::Error) -> Self {
        use hallmark_gas::Error;
        let bug = matches!(error, Error::Sum { .. } | Error::OtherCode { .. } | Error::NoCode { .. });
        let failure = Self { bug, ..Self::new(error.to_string()) };
        match error {
            Error::Recorded { .. } => failure.hint("run `hallmark build`, which renews it"),
            _ => failure,
        }
    }
}

impl From<hallmark_network::Error> for Failure {
    fn from(error: hallmark_network::Error) -> Self {
        Self::new(error.to_string())
    }
}

impl From<hallmark_chain::Error> for Failure {
    fn from(error: hallmark_chain::Error) -> Self {
        use hallmark_chain::Error;
        let failure = Self::new(error.to_string());
        match &error {
            Error::Network(_) => failure,
            Error::Key { .. } => failure.hint(
                "`--private-key-env NAME` takes the name of a variable; set it to 64 hexadecimal digits",
            ),
            Error::NoAccount { .. } => failure.hint("give a key with `--private-key-env NAME`"),
            Error::NotMined { .. } => {
                failure.hint("look the hash up before you send again: it may still get into a block")
            }
            Error::Script { .. } => failure.hint("Foundry 1.7 is known to work: `hallmark doctor`"),
            Error::Io { source, .. } => match io_hint(source) {
                Some(hint) => failure.hint(hint),
                None => failure,
            },
            Error::Book { .. } => failure.hint("restore it from version control"),
            Error::Refused { .. } => failure.hint("nothing else was sent; mend what the node says"),
            _ => failure,
        }
    }
}

impl From<hallmark_budget::Error> for Failure {
    fn from(error: hallmark_budget::Error) -> Self {
        use hallmark_budget::Error;
        match error {
            Error::Gas(error) => error.into(),
            Error::Network(error) => error.into(),
            Error::NoSnapshot { .. } => Self::new(error.to_string())
                .hint("write it with `hallmark gas --snapshot`, look at it, and commit it"),
            Error::Damaged { .. } => Self::new(error.to_string())
                .hint("restore it from version control, or write it again with `hallmark gas --snapshot`"),
            Error::Render { .. } => Self { bug: true, ..Self::new(error.to_string()) },
            error => Self::new(error.to_string()),
        }
    }
}
