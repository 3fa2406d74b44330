// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {IInferenceVerifier} from "../interfaces/IInferenceVerifier.sol";
import {PinnedVerifier} from "../libraries/PinnedVerifier.sol";
import {SingleModelConsumer} from "./SingleModelConsumer.sol";

/// @title Base of contracts that act on a verified inference of one model, for ever
/// @notice Pins one verifier by address and code, asks it, and uses an inference once. A new version
/// of the model is a new consumer; where that does not do, see `RegistryConsumer`. What an inference
/// is bound to, and why, is explained in `ConsumerBase`.
abstract contract InferenceConsumer is SingleModelConsumer {
    /// @notice The verifier asked, fixed for ever.
    IInferenceVerifier public immutable VERIFIER;

    /// @notice Hash of the verifier's runtime code.
    bytes32 public immutable VERIFIER_CODE_HASH;

    /// @notice Hash of the verifying key of the model.
    bytes32 public immutable VERIFYING_KEY_ID;

    /// @notice Identity of the structured reference string behind the verifying key.
    bytes32 public immutable SRS_ID;

    /// @notice Checks and pins the verifier.
    /// @param verifier The deployed verifier.
    /// @param codeHash Hash of its runtime code, from the build, not from the chain: comparing what
    /// is deployed with itself would prove nothing.
    /// @param verifyingKeyId The verifying key of the model.
    /// @param srsId The structured reference string that the deployer trusts.
    constructor(IInferenceVerifier verifier, bytes32 codeHash, bytes32 verifyingKeyId, bytes32 srsId) {
        PinnedVerifier.requireIdentity(verifier, codeHash, verifyingKeyId, srsId);
        VERIFIER = verifier;
        VERIFIER_CODE_HASH = codeHash;
        VERIFYING_KEY_ID = verifyingKeyId;
        SRS_ID = srsId;
    }

    /// @inheritdoc SingleModelConsumer
    function _verifier() internal view override returns (IInferenceVerifier verifier, bytes32 codeHash) {
        return (VERIFIER, VERIFIER_CODE_HASH);
    }
}
