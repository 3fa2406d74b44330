// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

/// @title What a proof is bound to
/// @notice The first public value of every proof is a hash of where and for whom the proof may be
/// used. The circuit constrains it like any other public value, so whoever holds a proof cannot
/// exchange it for another: a proof for one chain, consumer, account, nonce or deadline is no proof
/// for any other.
/// @dev A consumer computes the hash from what it knows and compares; it never takes it from the
/// caller. The hash is
///
///     uint256(keccak256(abi.encode(TYPE_HASH, chainId, consumer, account, nonce, deadline))) >> 8
///
/// that is, the first 31 bytes. 248 bits are always below the scalar field's modulus, hence every
/// context is one canonical word, and finding two contexts with one hash still takes 2^124 work.
library InferenceContext {
    /// @notice Where a proof's public values hold the context; the outputs follow.
    uint256 internal constant INDEX = 0;

    /// @notice Separates contexts from any other hash of the same fields.
    bytes32 internal constant TYPE_HASH = keccak256("hallmark.context.v1");

    /// @notice Bits that are dropped to fit the field.
    uint256 private constant DROPPED_BITS = 8;

    /// @notice The context of an inference.
    /// @param chainId Chain of the consumer.
    /// @param consumer Contract that acts on the inference.
    /// @param account Account that the inference takes effect for, whoever sends it.
    /// @param nonce Number that the account uses once with this consumer.
    /// @param deadline Last second, in Unix time, at which the inference is accepted.
    function hash(uint256 chainId, address consumer, address account, uint256 nonce, uint256 deadline)
        internal
        pure
        returns (uint256)
    {
        return uint256(keccak256(abi.encode(TYPE_HASH, chainId, consumer, account, nonce, deadline))) >> DROPPED_BITS;
    }
}
