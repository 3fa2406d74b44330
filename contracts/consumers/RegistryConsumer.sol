// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {IInferenceVerifier} from "../interfaces/IInferenceVerifier.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {PinnedVerifier} from "../libraries/PinnedVerifier.sol";
import {SingleModelConsumer} from "./SingleModelConsumer.sol";

/// @title Base of contracts that act on a verified inference of whatever version a registry names
/// @notice Asks the verifier of the model's current version, as the registry has it at that moment.
/// Whoever owns the registry decides, after its delay, what this contract believes; a stop there
/// stops this contract at once. What an inference is bound to, and why, is explained in
/// `ConsumerBase`.
/// @dev Nonces outlive versions: an inference is used once, whichever version verified it. A proof
/// for a version that has been replaced is rejected, and its nonce stays free.
abstract contract RegistryConsumer is SingleModelConsumer {
    /// @notice The registry asked, fixed for ever.
    IModelRegistry public immutable REGISTRY;

    /// @notice The model, fixed for ever; its version is not.
    bytes32 public immutable MODEL_ID;

    /// @notice The one structured reference string that versions may rest on: a new version may bring
    /// another model, but not another ceremony to trust. It is what the verifier says of itself: this
    /// guards against mistakes, and against the registry's owner only as far as its code is looked at.
    bytes32 public immutable SRS_ID;

    /// @notice How outputs are read here: a version whose outputs have other counts or fraction bits would
    /// be misread, hence is refused.
    bytes32 public immutable OUTPUTS_ID;

    /// @notice The current version's outputs are to be read in another way.
    error OutputsMismatch(bytes32 found, bytes32 expected);

    /// @notice Checks the model's current version, and pins the registry.
    /// @param registry The registry. Its owner, guardian and delay are what users of this contract
    /// trust: look at them first.
    /// @param modelId A model that is registered and not stopped.
    /// @param srsId The structured reference string that the deployer trusts.
    /// @param outputsId `ModelInfo.OUTPUTS_ID`: how the derived contract reads outputs.
    constructor(IModelRegistry registry, bytes32 modelId, bytes32 srsId, bytes32 outputsId) {
        (, IModelRegistry.Version memory version) = registry.current(modelId);
        PinnedVerifier.requireIdentity(
            IInferenceVerifier(version.verifier), version.codeHash, version.verifyingKeyId, srsId
        );
        if (version.outputsId != outputsId) revert OutputsMismatch(version.outputsId, outputsId);
        REGISTRY = registry;
        MODEL_ID = modelId;
        SRS_ID = srsId;
        OUTPUTS_ID = outputsId;
    }

    /// @inheritdoc SingleModelConsumer
    function _verifier() internal view override returns (IInferenceVerifier verifier, bytes32 codeHash) {
        (, IModelRegistry.Version memory version) = REGISTRY.current(MODEL_ID);
        if (version.srsId != SRS_ID) revert PinnedVerifier.SrsMismatch(version.srsId, SRS_ID);
        if (version.outputsId != OUTPUTS_ID) revert OutputsMismatch(version.outputsId, OUTPUTS_ID);
        return (IInferenceVerifier(version.verifier), version.codeHash);
    }
}
