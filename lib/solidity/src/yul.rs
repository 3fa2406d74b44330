//! Literals and lines of Yul.

use halo2curves::bn256::{Fq, Fr};
use halo2curves::ff::PrimeField;

/// Big-endian word of a scalar.
pub(crate) fn word(value: Fr) -> [u8; 32] {
    let mut bytes: [u8; 32] = value.to_repr();
    bytes.reverse();
    bytes
}

/// Big-endian word of a coordinate.
pub(crate) fn coordinate_word(value: Fq) -> [u8; 32] {
    let mut bytes: [u8; 32] = value.to_repr();
    bytes.reverse();
    bytes
}

fn shortest(bytes: &[u8; 32]) -> String {
    let digits = hex::encode(bytes);
    let trimmed = digits.trim_start_matches('0');
    match trimmed.len() {
        0 => "0".into(),
        _ if bytes[..31].iter().all(|b| *b == 0) && bytes[31] < 10 => bytes[31].to_string(),
        length if length % 2 == 1 => format!("0x0{trimmed}"),
        _ => format!("0x{trimmed}"),
    }
}

/// A scalar as a Yul literal.
pub(crate) fn field_literal(value: Fr) -> String {
    shortest(&word(value))
}

/// A coordinate as a Yul literal.
pub(crate) fn coordinate_literal(value: Fq) -> String {
    shortest(&coordinate_word(value))
}

/// Lines of Yul, with indentation and trailing comments.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    lines: Vec<String>,
    depth: usize,
}

/// Column at which trailing comments start, where the line is short enough.
const COMMENT_COLUMN: usize = 72;

impl Lines {
    /// Lines whose outermost level is indented by `depth` steps of four spaces.
    pub(crate) fn new(depth: usize) -> Self {
        Self { lines: Vec::new(), depth }
    }

    pub(crate) fn push(&mut self, line: impl AsRef<str>) {
        self.lines.push(format!("{}{}", "    ".repeat(self.depth), line.as_ref()));
    }

    /// A line with a trailing comment.
    pub(crate) fn note(&mut self, line: impl AsRef<str>, comment: impl AsRef<str>) {
        let line = format!("{}{}", "    ".repeat(self.depth), line.as_ref());
        let width = COMMENT_COLUMN.max(line.len() + 1);
        self.lines.push(format!("{line:<width$}// {}", comment.as_ref()));
    }

    pub(crate) fn open(&mut self, line: impl AsRef<str>) {
        self.push(line);
        self.depth += 1;
    }

    pub(crate) fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.push("}");
    }

    pub(crate) fn blank(&mut self) {
        self.lines.push(String::new());
    }

    /// Starts a section: the banner carries the marker that the gas profiler reads.
    pub(crate) fn phase(&mut self, phase: &str, title: &str) {
        self.blank();
        self.push("/*------------------------------------------------------------*/");
        self.push(format!("// hallmark:phase {phase}"));
        self.push(format!("// {title}"));
        self.push("/*------------------------------------------------------------*/");
    }

    pub(crate) fn append(&mut self, other: Self) {
        self.lines.extend(other.lines);
    }

    pub(crate) fn finish(self) -> String {
        let mut text = self.lines.join("\n");
        text.push('\n');
        text
    }
}
