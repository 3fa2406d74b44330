// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {InferenceConsumer} from "hallmark/consumers/InferenceConsumer.sol";
import {RegistryConsumer} from "hallmark/consumers/RegistryConsumer.sol";
import {SingleModelConsumer} from "hallmark/consumers/SingleModelConsumer.sol";
import {IInferenceVerifier} from "hallmark/interfaces/IInferenceVerifier.sol";
import {IModelRegistry} from "hallmark/interfaces/IModelRegistry.sol";

/// @dev The thinnest consumer: uses are counted, in all and per account.
abstract contract CountingConsumer is SingleModelConsumer {
    uint256 public uses;
    mapping(address account => uint256) public usesOf;

    function use(bytes calldata proof, uint256[] calldata instances, address account, uint256 nonce, uint256 deadline)
        public
        returns (bytes32)
    {
        ++uses;
        ++usesOf[account];
        return _accept(proof, instances, account, nonce, deadline);
    }

    /// @dev The same, for accounts that want to send their proofs themselves.
    function useOwn(
        bytes calldata proof,
        uint256[] calldata instances,
        address account,
        uint256 nonce,
        uint256 deadline
    ) external onlyAccount(account) returns (bytes32) {
        return use(proof, instances, account, nonce, deadline);
    }
}

/// @dev With a verifier for ever.
contract OpenConsumer is InferenceConsumer, CountingConsumer {
    constructor(IInferenceVerifier verifier, bytes32 codeHash, bytes32 keyId, bytes32 srsId)
        InferenceConsumer(verifier, codeHash, keyId, srsId)
    {}
}

/// @dev With the verifier that a registry names.
contract OpenRegistryConsumer is RegistryConsumer, CountingConsumer {
    constructor(IModelRegistry registry, bytes32 modelId, bytes32 srsId, bytes32 outputsId)
        RegistryConsumer(registry, modelId, srsId, outputsId)
    {}
}
