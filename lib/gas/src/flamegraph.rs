//! Folded stacks and flame graphs of a profile.

use crate::error::Error;
use crate::profile::Profile;

/// One line per call path, `frame;frame;… gas`: the format that flame graph tools read.
pub fn folded(profile: &Profile) -> String {
    profile.stacks.iter().map(|(frames, gas)| format!("{frames} {gas}\n")).collect()
}

/// Whether a flame graph can be clicked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interaction {
    /// With a script: zoom and search, in a page of its own.
    Full,
    /// A picture: no script, for embedding.
    None,
}

/// A flame graph as an SVG document: width is gas.
///
/// # Errors
/// [`Error::Flamegraph`] when there is nothing to draw.
pub fn svg(profile: &Profile, title: &str, interaction: Interaction) -> Result<String, Error> {
    let mut options = inferno::flamegraph::Options::default();
    options.title = title.to_owned();
    options.count_name = "gas".to_owned();
    options.hash = true;
    options.no_javascript = interaction == Interaction::None;
    options.colors =
        inferno::flamegraph::color::Palette::Basic(inferno::flamegraph::color::BasicPalette::Aqua);
    let folded = folded(profile);
    let mut svg = Vec::new();
    inferno::flamegraph::from_lines(&mut options, folded.lines(), &mut svg)
        .map_err(|error| Error::Flamegraph { reason: error.to_string() })?;
    String::from_utf8(svg).map_err(|error| Error::Flamegraph { reason: error.to_string() })
}
