// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {IInferenceVerifier} from "hallmark/interfaces/IInferenceVerifier.sol";
import {VerifierErrors} from "hallmark/testing/VerifierErrors.sol";

/// @dev Accepts exactly the pairs of proof and public values that a test allows: an ideal proof
/// system, in which nobody but the test can prove anything. It refuses as generated verifiers do.
contract ProgrammableVerifier is IInferenceVerifier {
    bytes32 public immutable VERIFYING_KEY_ID;
    bytes32 public immutable SRS_ID;

    mapping(bytes32 statement => bool) private _allowed;

    constructor(bytes32 verifyingKeyId, bytes32 srsId) {
        VERIFYING_KEY_ID = verifyingKeyId;
        SRS_ID = srsId;
    }

    function allow(bytes calldata proof, uint256[] calldata instances) external {
        _allowed[keccak256(abi.encode(proof, instances))] = true;
    }

    function verifyProof(bytes calldata proof, uint256[] calldata instances) external view returns (bool) {
        if (!_allowed[keccak256(abi.encode(proof, instances))]) revert VerifierErrors.ProofInvalid();
        return true;
    }
}
