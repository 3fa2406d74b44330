//! Names, literals and template rendering shared by the generators.

use crate::error::Error;

/// Modulus of the base field of BN254, in which coordinates live.
pub(crate) const BASE_MODULUS: &str = "0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47";

/// Modulus of the scalar field of BN254.
pub(crate) const SCALAR_MODULUS: &str = "0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";

/// An identifier that Solidity takes.
pub(crate) fn check(name: &str) -> Result<(), Error> {
    let mut letters = name.chars();
    let first = letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if first && letters.all(|c| c.is_ascii_alphanumeric() || c == '_') {
        Ok(())
    } else {
        Err(Error::BadName { name: name.to_owned() })
    }
}

/// Text that cannot leave the comment it is written into: printable ASCII on one line.
pub(crate) fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { ' ' })
        .collect::<String>()
        .replace("*/", "* /")
        .replace("/*", "/ *")
        .trim()
        .to_owned()
}

/// Renders a template.
pub(crate) fn render(name: &'static str, template: &str, context: minijinja::Value) -> Result<String, Error> {
    let mut environment = minijinja::Environment::new();
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.set_keep_trailing_newline(true);
    environment
        .render_str(template, context)
        .map_err(|e| Error::Template { template: name, message: format!("{e:#}") })
}
