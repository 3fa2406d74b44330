//! Reports for readers: a comment on a pull request, test results for CI, a page.

mod html;
mod junit;
mod markdown;

pub use html::html;
pub use junit::junit;
pub use markdown::{MARKER, markdown};
