// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {EnsembleConsumer} from "hallmark/consumers/EnsembleConsumer.sol";
import {Wad} from "hallmark/types/Wad.sol";

/// @dev The thinnest consumer of several models: uses are counted, in all and per account.
contract OpenEnsemble is EnsembleConsumer {
    uint256 public uses;
    mapping(address account => uint256) public usesOf;

    constructor(Member[] memory members) EnsembleConsumer(members) {}

    function use(MemberProof[] calldata proofs, address account, uint256 nonce, uint256 deadline)
        external
        returns (bytes32)
    {
        ++uses;
        ++usesOf[account];
        return _acceptAll(proofs, account, nonce, deadline);
    }

    function outputs(MemberProof[] calldata proofs) external view returns (Wad[] memory) {
        return _outputs(proofs);
    }

    function requireSameValues(MemberProof[] calldata proofs, uint256 first, uint256 count) external pure {
        _requireSameValues(proofs, first, count);
    }
}
