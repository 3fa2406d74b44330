// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

/// @notice An account as a transaction finds it.
/// @dev `values` are those of `slots`; slots that the transaction does not look at are left out.
struct AccountRecord {
    address account;
    uint64 nonce;
    uint256 balance;
    bytes code;
    bytes32[] slots;
    bytes32[] values;
}

/// @notice A transaction, the block that it is in, and all of the state that it looks at: enough to run
/// it again elsewhere.
struct TransactionRecord {
    address from;
    address to;
    uint256 value;
    bytes data;
    uint256 chainId;
    uint256 timestamp;
    uint256 blockNumber;
    AccountRecord[] accounts;
}
