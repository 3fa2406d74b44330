//! What goes where: the result to stdout, everything else to stderr.

use crate::error::{Failure, Outcome};
use crate::opts::{Color, Global};
use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default();
const DONE: Style = AnsiColor::Green.on_default().bold();

/// How this run speaks.
#[derive(Clone, Debug)]
pub(crate) struct Shell {
    json: bool,
    quiet: bool,
    verbose: u8,
}

impl Shell {
    /// As the global options say.
    pub(crate) fn new(global: &Global) -> Self {
        match global.color {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        }
        .write_global();
        Self { json: global.json, quiet: global.quiet, verbose: global.verbose }
    }

    /// Says nothing but errors: for what is said again later.
    pub(crate) fn silent() -> Self {
        Self { json: false, quiet: true, verbose: 0 }
    }

    /// Whether the result is JSON.
    pub(crate) fn json(&self) -> bool {
        self.json
    }

    /// The result, in the form asked for. A reader that has gone away is no failure of ours.
    pub(crate) fn result<T: Serialize>(&self, value: &T, text: impl FnOnce() -> String) -> Outcome<()> {
        let rendered = if self.json {
            serde_json::to_string_pretty(value).map_err(|e| Failure::bug(e.to_string()))?
        } else {
            text()
        };
        self.raw(&format!("{}\n", rendered.trim_end()))
    }

    /// Whether details were asked for.
    pub(crate) fn detailed(&self) -> bool {
        self.verbose > 0
    }

    /// The result as JSON, whatever was asked for globally.
    pub(crate) fn json_result<T: Serialize>(&self, value: &T) -> Outcome<()> {
        Self { json: true, ..self.clone() }.result(value, String::new)
    }

    /// Text to stdout as it is.
    pub(crate) fn raw(&self, text: &str) -> Outcome<()> {
        let mut stdout = anstream::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(Failure::new(format!("cannot write to stdout: {error}")))
            }
            _ => Ok(()),
        }
    }

    fn line(&self, text: &str) {
        let _ = writeln!(anstream::stderr().lock(), "{text}");
    }

    /// Something was done.
    pub(crate) fn done(&self, verb: &str, what: &str) {
        if !self.quiet {
            self.line(&format!("{DONE}{verb:>12}{DONE:#} {what}"));
        }
    }

    /// Something worth knowing.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.line(&format!("note: {text}"));
        }
    }

    /// Something only the curious want to know.
    pub(crate) fn detail(&self, text: &str) {
        if !self.quiet && self.verbose > 0 {
            self.line(text);
        }
    }

    /// Something that may be wrong.
    pub(crate) fn warn(&self, text: &str) {
        if !self.quiet {
            self.line(&format!("{WARNING}warning{WARNING:#}: {text}"));
        }
    }

    /// The failure that ends the run.
    pub(crate) fn error(&self, failure: &Failure) {
        if self.json {
            let value = serde_json::json!({ "error": failure.message, "hint": failure.hint });
            return self.line(&value.to_string());
        }
        self.line(&format!("{ERROR}error{ERROR:#}: {}", failure.message));
        if let Some(hint) = &failure.hint {
            self.line(&format!("{HINT}hint{HINT:#}: {hint}"));
        }
    }

    /// Shows that something goes on, on a terminal, until the step is finished or dropped.
    pub(crate) fn step(&self, verb: &'static str, what: impl Into<String>) -> Step<'_> {
        let what = what.into();
        let visible = !self.quiet && std::io::stderr().is_terminal();
        let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target).with_style(
            ProgressStyle::with_template("{prefix:>12} {spinner} {msg} {elapsed:.dim}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner()),
        );
        bar.set_prefix(verb);
        bar.set_message(what.clone());
        if visible {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        Step { shell: self, bar, what, start: Instant::now() }
    }
}

/// Work in progress.
#[derive(Debug)]
pub(crate) struct Step<'a> {
    shell: &'a Shell,
    bar: ProgressBar,
    what: String,
    start: Instant,
}

impl Step<'_> {
    /// What is being done just now.
    pub(crate) fn message(&self, text: &str) {
        self.bar.set_message(format!("{}: {text}", self.what));
    }

    /// Ends it with a line that stays.
    pub(crate) fn finish(self, verb: &str, what: &str) {
        self.bar.finish_and_clear();
        let seconds = self.start.elapsed().as_secs_f64();
        self.shell.done(verb, &format!("{what} in {seconds:.2} s"));
    }
}

impl Drop for Step<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Rows of text with their columns aligned: the first to the left, the rest to the right.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|c| c.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let pad = " ".repeat(widths[column] - cell.chars().count());
            if column == 0 {
                line.push_str(&format!("{cell}{pad}"));
            } else {
                line.push_str(&format!("  {pad}{cell}"));
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// 1234567 as `1,234,567`.
pub(crate) fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (value, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(value), text);
        }
    }

    #[test]
    fn tables_align() {
        let rows = [vec!["a".into(), "1".into()], vec!["bbb".into(), "22".into()]];
        assert_eq!(table(&rows), "a     1\nbbb  22\n");
    }
}
