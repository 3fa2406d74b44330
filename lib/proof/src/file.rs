//! Versioned files: an eight-byte magic, a format version, a checksum and a payload; written to a
//! temporary name first and renamed, so that no half-written file is ever seen.

use crate::error::Error;
use sha2::{Digest, Sha256};
use std::{io::Write, path::Path};

/// Version of the formats of keys and SRS; a file of another version is refused.
pub(crate) const FORMAT_VERSION: u32 = 1;

/// Version of the format of proofs: 2 since they store their context.
pub(crate) const PROOF_VERSION: u32 = 2;

/// Wraps a payload: `magic(8) ‖ version(4, LE) ‖ sha256(payload)(32) ‖ payload`.
pub(crate) fn seal(magic: &[u8; 8], version: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(44 + payload.len());
    bytes.extend_from_slice(magic);
    bytes.extend_from_slice(&version.to_le_bytes());
    bytes.extend_from_slice(&Sha256::digest(payload));
    bytes.extend_from_slice(payload);
    bytes
}

/// Unwraps what [`seal`] made.
///
/// # Errors
/// [`Error::Format`] naming `path` when the magic, the version or the checksum differ.
pub(crate) fn open<'b>(
    kind: &'static str,
    magic: &[u8; 8],
    expected_version: u32,
    bytes: &'b [u8],
    path: &Path,
) -> Result<&'b [u8], Error> {
    let fail = |reason: String| Error::Format { kind, path: path.to_owned(), reason };
    let (Some(head), Some(payload)) = (bytes.get(..44), bytes.get(44..)) else {
        return Err(fail(format!("it has only {} bytes", bytes.len())));
    };
    if &head[..8] != magic {
        return Err(fail("its first bytes are those of another kind of file".into()));
    }
    let mut version = [0u8; 4];
    version.copy_from_slice(&head[8..12]);
    let version = u32::from_le_bytes(version);
    if version != expected_version {
        return Err(fail(format!(
            "its format version is {version}, this build reads version {expected_version}"
        )));
    }
    if head[12..44] != Sha256::digest(payload)[..] {
        return Err(fail("its checksum does not match: it is truncated or corrupted".into()));
    }
    Ok(payload)
}

/// Writes `bytes` to `path` through a temporary file beside it.
///
/// # Errors
/// [`Error::Io`]; the file that was there stays as it was.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let fail = |source| Error::Io { action: "write", path: path.to_owned(), source };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder).map_err(fail)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(fail)?;
    file.write_all(bytes).map_err(fail)?;
    file.as_file().sync_all().map_err(fail)?;
    file.persist(path).map_err(|error| fail(error.error))?;
    Ok(())
}

/// Reads a whole file.
///
/// # Errors
/// [`Error::Io`] naming the file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|source| Error::Io { action: "read", path: path.to_owned(), source })
}
