//! The Keccak-256 transcript that the contract can follow word by word.
//!
//! Absorbing appends 32-byte big-endian words (points as `x ‖ y`) to a buffer. Squeezing hashes
//! the buffer (plus one byte `0x01` when it holds only the previous digest), makes the digest the
//! new buffer and returns it modulo `r`. The layout is that of snark-verifier's `EvmTranscript`.

use halo2_proofs::{
    halo2curves::{
        CurveAffine,
        bn256::{Fq, Fr, G1Affine},
        ff::PrimeField,
    },
    transcript::{
        EncodedChallenge, Transcript, TranscriptRead, TranscriptReadBuffer, TranscriptWrite,
        TranscriptWriterBuffer,
    },
};
use sha3::{Digest, Keccak256};
use std::io::{self, Read, Write};

/// A challenge: the digest reduced modulo `r`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Challenge(Fr);

impl EncodedChallenge<G1Affine> for Challenge {
    type Input = [u8; 32];
    fn new(digest: &[u8; 32]) -> Self {
        Self(reduce(digest))
    }
    fn get_scalar(&self) -> Fr {
        self.0
    }
}

/// A big-endian 256-bit number modulo `r`.
fn reduce(digest: &[u8; 32]) -> Fr {
    let mut wide = [0u8; 64];
    for (to, from) in wide.iter_mut().zip(digest.iter().rev()) {
        *to = *from;
    }
    // `from_uniform_bytes` reads 64 little-endian bytes and reduces them.
    <Fr as halo2_proofs::halo2curves::ff::FromUniformBytes<64>>::from_uniform_bytes(&wide)
}

/// 32 big-endian bytes of a field element.
pub(crate) fn word<F: PrimeField<Repr = R>, R: AsRef<[u8]>>(value: &F) -> [u8; 32] {
    let mut bytes = [0u8; 32];
    for (to, from) in bytes.iter_mut().rev().zip(value.to_repr().as_ref()) {
        *to = *from;
    }
    bytes
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

/// Reading or writing transcript over `stream`.
#[derive(Debug)]
pub(crate) struct KeccakTranscript<S> {
    stream: S,
    buffer: Vec<u8>,
}

impl<S> KeccakTranscript<S> {
    fn absorb_point(&mut self, point: &G1Affine) -> io::Result<[u8; 64]> {
        let coordinates =
            Option::<halo2_proofs::halo2curves::Coordinates<G1Affine>>::from(point.coordinates())
                .ok_or_else(|| invalid("the point at infinity cannot be absorbed"))?;
        let mut bytes = [0u8; 64];
        bytes[..32].copy_from_slice(&word(coordinates.x()));
        bytes[32..].copy_from_slice(&word(coordinates.y()));
        self.buffer.extend_from_slice(&bytes);
        Ok(bytes)
    }
}

impl<S> Transcript<G1Affine, Challenge> for KeccakTranscript<S> {
    fn squeeze_challenge(&mut self) -> Challenge {
        let mut hasher = Keccak256::new();
        hasher.update(&self.buffer);
        if self.buffer.len() == 32 {
            hasher.update([1u8]);
        }
        let digest: [u8; 32] = hasher.finalize().into();
        self.buffer.clear();
        self.buffer.extend_from_slice(&digest);
        Challenge::new(&digest)
    }
    fn common_point(&mut self, point: G1Affine) -> io::Result<()> {
        self.absorb_point(&point).map(|_| ())
    }
    fn common_scalar(&mut self, scalar: Fr) -> io::Result<()> {
        self.buffer.extend_from_slice(&word(&scalar));
        Ok(())
    }
}

impl<R: Read> TranscriptRead<G1Affine, Challenge> for KeccakTranscript<R> {
    fn read_point(&mut self) -> io::Result<G1Affine> {
        let mut bytes = [0u8; 64];
        self.stream.read_exact(&mut bytes)?;
        let coordinate = |range: std::ops::Range<usize>| -> io::Result<Fq> {
            let mut repr = [0u8; 32];
            repr.copy_from_slice(&bytes[range]);
            repr.reverse();
            Option::from(Fq::from_repr(repr))
                .ok_or_else(|| invalid("coordinate is not below the base modulus"))
        };
        let (x, y) = (coordinate(0..32)?, coordinate(32..64)?);
        let point =
            Option::from(G1Affine::from_xy(x, y)).ok_or_else(|| invalid("point is not on the curve"))?;
        self.common_point(point)?;
        Ok(point)
    }
    fn read_scalar(&mut self) -> io::Result<Fr> {
        let mut bytes = [0u8; 32];
        self.stream.read_exact(&mut bytes)?;
        bytes.reverse();
        let scalar =
            Option::from(Fr::from_repr(bytes)).ok_or_else(|| invalid("scalar is not below the modulus"))?;
        self.common_scalar(scalar)?;
        Ok(scalar)
    }
}

impl<W: Write> TranscriptWrite<G1Affine, Challenge> for KeccakTranscript<W> {
    fn write_point(&mut self, point: G1Affine) -> io::Result<()> {
        let bytes = self.absorb_point(&point)?;
        self.stream.write_all(&bytes)
    }
    fn write_scalar(&mut self, scalar: Fr) -> io::Result<()> {
        self.common_scalar(scalar)?;
        self.stream.write_all(&word(&scalar))
    }
}

impl<R: Read> TranscriptReadBuffer<R, G1Affine, Challenge> for KeccakTranscript<R> {
    fn init(stream: R) -> Self {
        Self { stream, buffer: Vec::new() }
    }
}

impl<W: Write> TranscriptWriterBuffer<W, G1Affine, Challenge> for KeccakTranscript<W> {
    fn init(stream: W) -> Self {
        Self { stream, buffer: Vec::new() }
    }
    fn finalize(self) -> W {
        self.stream
    }
}
