//! Calldata of `verifyProof(bytes,uint256[])`: the one encoding that verifiers accept.

use crate::error::Error;
use crate::yul::word;
use halo2curves::bn256::Fr;
use halo2curves::ff::PrimeField;

/// Signature of the verifier's function.
pub const VERIFY_PROOF_SIGNATURE: &str = "verifyProof(bytes,uint256[])";

/// Selector of `verifyProof(bytes,uint256[])`.
pub const VERIFY_PROOF_SELECTOR: [u8; 4] = [0x1e, 0x8e, 0x1e, 0x13];

fn push_length(out: &mut Vec<u8>, length: usize) {
    out.extend_from_slice(&[0; 24]);
    out.extend_from_slice(&(length as u64).to_be_bytes());
}

/// Encodes a call. Bytes of the result: `132 + proof (rounded up to 32) + 32 · instances`.
pub fn encode_verify_proof(proof: &[u8], instances: &[Fr]) -> Vec<u8> {
    let words: Vec<[u8; 32]> = instances.iter().map(|i| word(*i)).collect();
    encode_words(proof, &words)
}

/// Encodes a call with instances as raw words, which need not be field elements.
pub fn encode_words(proof: &[u8], instances: &[[u8; 32]]) -> Vec<u8> {
    let padded = proof.len().next_multiple_of(32);
    let mut out = Vec::with_capacity(4 + 128 + padded + 32 * instances.len());
    out.extend_from_slice(&VERIFY_PROOF_SELECTOR);
    push_length(&mut out, 0x40);
    push_length(&mut out, 0x60 + padded);
    push_length(&mut out, proof.len());
    out.extend_from_slice(proof);
    out.resize(4 + 0x60 + padded, 0);
    push_length(&mut out, instances.len());
    for word in instances {
        out.extend_from_slice(word);
    }
    out
}

/// Reads a call back: the proof and the instances.
///
/// # Errors
/// When the bytes are not exactly what [`encode_verify_proof`] writes.
pub fn decode_verify_proof(calldata: &[u8]) -> Result<(Vec<u8>, Vec<Fr>), Error> {
    let fail = |reason: &str| Error::Calldata { reason: reason.to_owned() };
    let length_at = |at: usize| -> Result<usize, Error> {
        let bytes = calldata.get(at..at + 32).ok_or_else(|| fail("it ends too early"))?;
        let (high, low) = bytes.split_at(24);
        let mut value = [0; 8];
        value.copy_from_slice(low);
        let value = usize::try_from(u64::from_be_bytes(value)).unwrap_or(usize::MAX);
        if high.iter().any(|b| *b != 0) || value > calldata.len() {
            return Err(fail("a length or offset is larger than the calldata"));
        }
        Ok(value)
    };
    if calldata.get(..4) != Some(&VERIFY_PROOF_SELECTOR[..]) {
        return Err(fail("the selector is another function's"));
    }
    let proof_length = length_at(0x44)?;
    let padded = proof_length.next_multiple_of(32);
    let proof =
        calldata.get(0x64..0x64 + proof_length).ok_or_else(|| fail("it ends within the proof"))?.to_vec();
    let count = length_at(0x64 + padded)?;
    let mut instances = Vec::with_capacity(count.min(calldata.len() / 32));
    for i in 0..count {
        let at = 0x84 + padded + 32 * i;
        let bytes = calldata.get(at..at + 32).ok_or_else(|| fail("it ends within the instances"))?;
        let mut little = [0u8; 32];
        for (to, from) in little.iter_mut().zip(bytes.iter().rev()) {
            *to = *from;
        }
        let instance = Option::<Fr>::from(Fr::from_repr(little))
            .ok_or_else(|| fail("an instance is not below the field's modulus"))?;
        instances.push(instance);
    }
    if encode_verify_proof(&proof, &instances) != calldata {
        return Err(fail("offsets, padding or length are not those of an ABI encoder"));
    }
    Ok((proof, instances))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::selector;
    use proptest::prelude::*;

    #[test]
    fn selector_is_the_hash_of_the_signature() {
        assert_eq!(VERIFY_PROOF_SELECTOR, selector(VERIFY_PROOF_SIGNATURE));
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(
            proof in proptest::collection::vec(any::<u8>(), 0..200),
            instances in proptest::collection::vec(any::<u64>(), 0..6),
            cut in 0usize..300,
        ) {
            let instances: Vec<Fr> = instances.into_iter().map(Fr::from).collect();
            let calldata = encode_verify_proof(&proof, &instances);
            let decoded = decode_verify_proof(&calldata);
            prop_assert_eq!(decoded.ok(), Some((proof, instances)));
            let mut longer = calldata.clone();
            longer.push(0);
            prop_assert!(decode_verify_proof(&longer).is_err());
            if cut < calldata.len() {
                prop_assert!(decode_verify_proof(&calldata[..cut]).is_err());
            }
        }
    }
}
