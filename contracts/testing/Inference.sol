// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

/// @notice A proven inference, as fixtures have it and as consumers take it.
/// @param proof The proof.
/// @param instances The public values: the context, then the outputs.
/// @param account The account that it takes effect for.
/// @param nonce Which of the account's inferences it is.
/// @param deadline Until when it is good, in seconds since 1970.
/// @param outputs What the circuit computed, in wad, all outputs one after the other.
struct Inference {
    bytes proof;
    uint256[] instances;
    address account;
    uint256 nonce;
    uint256 deadline;
    int256[] outputs;
}
