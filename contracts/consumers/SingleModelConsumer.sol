// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {IInferenceVerifier} from "../interfaces/IInferenceVerifier.sol";
import {PinnedVerifier} from "../libraries/PinnedVerifier.sol";
import {ConsumerBase} from "./ConsumerBase.sol";

/// @title What consumers of inferences of one model share
/// @notice Accepts an inference when one verifier does. Where that comes from is up to
/// `InferenceConsumer` and `RegistryConsumer`: inherit from one of these. What an inference is bound to,
/// and why, is explained in `ConsumerBase`.
abstract contract SingleModelConsumer is ConsumerBase {
    /// @dev Verifies a proof and uses the inference up. The nonce is marked before the verifier is
    /// called, and everything is undone if any of it fails. After this returns, `instances` are
    /// public values of the model for `account`; the outputs are after the context.
    /// @param proof The proof.
    /// @param instances The public values.
    /// @param account The account that the caller will act for.
    /// @param nonce The nonce that the proof was made with.
    /// @param deadline The deadline that the proof was made with.
    /// @return nullifier What the inference is remembered under.
    function _accept(
        bytes calldata proof,
        uint256[] calldata instances,
        address account,
        uint256 nonce,
        uint256 deadline
    ) internal returns (bytes32 nullifier) {
        _requireDue(deadline);
        _requireContext(instances, contextOf(account, nonce, deadline));
        nullifier = _use(account, nonce);
        (IInferenceVerifier verifier, bytes32 codeHash) = _verifier();
        PinnedVerifier.requireValid(verifier, codeHash, proof, instances);
        emit InferenceAccepted(nullifier, account, keccak256(abi.encodePacked(instances)));
    }

    /// @dev The verifier to ask and the hash of the code it must have.
    function _verifier() internal view virtual returns (IInferenceVerifier verifier, bytes32 codeHash);
}
