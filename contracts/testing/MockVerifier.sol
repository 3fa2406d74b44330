// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {IInferenceVerifier} from "../interfaces/IInferenceVerifier.sol";
import {requireCanonical} from "../types/FieldElement.sol";

/// @title A verifier that verifies nothing, for tests of what a consumer does afterwards
/// @notice Accepts one marker in the place of a proof, for any public values. It cannot be taken for
/// a real verifier by accident: it is deployed by name or not at all, its ids are no hash of any key
/// or string, so that a consumer for a real model refuses it, an empty proof is as wrong as any
/// other, and it works on chain 31337 only.
contract MockVerifier is IInferenceVerifier {
    /// @dev The chain id of local development nodes.
    uint256 private constant LOCAL_CHAIN_ID = 31337;

    /// @dev All ones: no hash function will ever give this.
    bytes32 private constant RESERVED_ID = bytes32(type(uint256).max);

    bytes32 private constant MARKER = keccak256("hallmark.MockVerifier: this is not a proof");

    /// @notice This is not a local chain.
    error LocalChainOnly(uint256 chainId);

    /// @notice Something else than the marker was given for a proof.
    error NotTheMarker();

    modifier onlyLocalChain() {
        _requireLocalChain();
        _;
    }

    constructor() {
        _requireLocalChain();
    }

    /// @notice What this verifier accepts in the place of a proof.
    function markerProof() external view onlyLocalChain returns (bytes memory) {
        return abi.encodePacked(MARKER);
    }

    /// @inheritdoc IInferenceVerifier
    function verifyProof(bytes calldata proof, uint256[] calldata instances)
        external
        view
        onlyLocalChain
        returns (bool)
    {
        if (keccak256(proof) != keccak256(abi.encodePacked(MARKER))) revert NotTheMarker();
        requireCanonical(instances);
        return true;
    }

    /// @inheritdoc IInferenceVerifier
    function SRS_ID() external view onlyLocalChain returns (bytes32) {
        return RESERVED_ID;
    }

    /// @inheritdoc IInferenceVerifier
    function VERIFYING_KEY_ID() external view onlyLocalChain returns (bytes32) {
        return RESERVED_ID;
    }

    function _requireLocalChain() private view {
        if (block.chainid != LOCAL_CHAIN_ID) revert LocalChainOnly(block.chainid);
    }
}
