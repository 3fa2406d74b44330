//! Lengths of compressed transactions, as the networks measure them.
//!
//! Data fees are charged for compressed lengths. Each of the functions here gives the length that
//! one family of networks computes, for the same bytes that it computes it over: the signed
//! transaction in its EIP-2718 encoding ([`crate::envelope`]).

use crate::error::Error;
use std::io::Write;

/// Length in bytes under FastLZ level 1 as the OP Stack counts it.
///
/// Source: `FlzCompressLen` of op-geth, `core/types/rollup_cost.go`; specified in the Fjord section
/// of the OP Stack specifications. Counted without building the output.
///
/// At most a byte in 32 more than the input. The `n + n / 255 + 16` of the GasPriceOracle's
/// `getL1FeeUpperBound` is no bound for bytes that do not compress, as those of proofs.
pub fn fastlz(transaction: &[u8]) -> u32 {
    op_alloy_flz::flz_compress_len(transaction)
}

/// Length in bytes under Brotli as Arbitrum counts it: quality 1, window 22, no dictionary.
///
/// Source: nitro, `arbos/l1pricing`; the quality is the ArbOS setting `brotliCompressionLevel`, 1
/// since ArbOS 20. Nitro links the C library. This is the encoder in Rust, driven through its
/// writer: lengths were equal to those of the C library for all samples up to 16,384 bytes and from
/// 33,000 bytes, and differed by at most 0.5 % for two thirds of the samples of 17,000 to 20,000
/// bytes (deployments, not calls). The one-shot function of the same crate differs for anything over
/// 4,096 bytes and must not be used.
pub fn brotli(transaction: &[u8]) -> Result<usize, Error> {
    let mut compressed = Vec::with_capacity(transaction.len());
    {
        let mut writer = brotli::CompressorWriter::new(&mut compressed, 4096, 1, 22);
        writer.write_all(transaction).map_err(|error| Error::Compression {
            algorithm: "Brotli",
            length: transaction.len(),
            reason: error.to_string(),
        })?;
        // The writer finishes the stream when it is dropped.
    }
    Ok(compressed.len())
}

/// Length in bytes under Zstandard as Scroll counts it: level 3, window 22, content size but no
/// magic number, no checksum and no dictionary.
///
/// Source: these are the settings under which the lengths of `rollup_fee_test.go` of
/// scroll-tech/go-ethereum come out (181 to 162, 337 to 197, 473 to 316, 110 to 115 bytes).
pub fn zstandard(transaction: &[u8]) -> Result<usize, Error> {
    use zstd::zstd_safe::{CParameter, FrameFormat};
    let failed = |error: std::io::Error| Error::Compression {
        algorithm: "Zstandard",
        length: transaction.len(),
        reason: error.to_string(),
    };
    let mut compressed = Vec::with_capacity(transaction.len());
    let mut encoder = zstd::Encoder::new(&mut compressed, 3).map_err(failed)?;
    for parameter in [
        CParameter::Format(FrameFormat::Magicless),
        CParameter::WindowLog(22),
        CParameter::ContentSizeFlag(true),
        CParameter::ChecksumFlag(false),
        CParameter::DictIdFlag(false),
    ] {
        encoder.set_parameter(parameter).map_err(failed)?;
    }
    encoder.set_pledged_src_size(Some(crate::arithmetic::length(transaction))).map_err(failed)?;
    encoder.write_all(transaction).map_err(failed)?;
    encoder.finish().map_err(failed)?;
    Ok(compressed.len())
}
