// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {InferenceConsumer} from "hallmark/consumers/InferenceConsumer.sol";
import {IInferenceVerifier} from "hallmark/interfaces/IInferenceVerifier.sol";

/// @dev The thinnest consumer: everybody may use an inference, and uses are counted.
contract OpenConsumer is InferenceConsumer {
    uint256 public uses;

    constructor(IInferenceVerifier verifier, bytes32 codeHash, bytes32 keyId, bytes32 srsId)
        InferenceConsumer(verifier, codeHash, keyId, srsId)
    {}

    function use(bytes calldata proof, uint256[] calldata instances) external returns (bytes32) {
        ++uses;
        return _accept(proof, instances);
    }

    function _authorise(address, uint256[] calldata) internal pure override {}
}
