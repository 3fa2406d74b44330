// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {IInferenceVerifier} from "../interfaces/IInferenceVerifier.sol";

/// @title Asking a verifier that may not be what it seems
/// @notice Two questions, each answered by reverting: is this the verifier that was meant, and does
/// it accept this proof?
library PinnedVerifier {
    /// @notice The verifier's code is not the expected code.
    error VerifierCodeMismatch(address verifier, bytes32 found, bytes32 expected);

    /// @notice The verifier is for another model, or for another build of it.
    error VerifyingKeyMismatch(bytes32 found, bytes32 expected);

    /// @notice The verifier rests on another structured reference string.
    error SrsMismatch(bytes32 found, bytes32 expected);

    /// @notice The verifier refused the proof: it reverted or answered false.
    error ProofRejected(address verifier);

    /// @notice The verifier's answer is not one canonical boolean.
    error MalformedVerifierAnswer(address verifier, uint256 returnedBytes);

    /// @notice Reverts unless the contract has this code and says to be for this key and string.
    /// @dev What it says about itself is worth something only because its code is compared first.
    /// @param verifier The deployed verifier.
    /// @param codeHash Hash of its runtime code, from the build, not from the chain: comparing what
    /// is deployed with itself would prove nothing.
    /// @param verifyingKeyId The verifying key of the model.
    /// @param srsId The structured reference string that is trusted.
    function requireIdentity(IInferenceVerifier verifier, bytes32 codeHash, bytes32 verifyingKeyId, bytes32 srsId)
        internal
        view
    {
        // An address without code has a code hash too, and answers every call with success.
        if (address(verifier).code.length == 0) {
            revert VerifierCodeMismatch(address(verifier), address(verifier).codehash, codeHash);
        }
        _requireCode(address(verifier), codeHash);
        bytes32 foundKey = verifier.VERIFYING_KEY_ID();
        if (foundKey != verifyingKeyId) revert VerifyingKeyMismatch(foundKey, verifyingKeyId);
        bytes32 foundSrs = verifier.SRS_ID();
        if (foundSrs != srsId) revert SrsMismatch(foundSrs, srsId);
    }

    /// @notice Reverts unless the verifier still has this code and answers true.
    /// @param verifier The deployed verifier.
    /// @param codeHash Hash of its runtime code, which `requireIdentity` saw before.
    /// @param proof The proof.
    /// @param instances The public values.
    function requireValid(
        IInferenceVerifier verifier,
        bytes32 codeHash,
        bytes calldata proof,
        uint256[] calldata instances
    ) internal view {
        _requireCode(address(verifier), codeHash);
        bytes memory query = abi.encodeCall(IInferenceVerifier.verifyProof, (proof, instances));
        bool success;
        uint256 returned;
        uint256 answer;
        // A plain call would copy whatever the verifier returns, at this contract's expense. At most
        // one word is taken here. Memory: reads `query`, writes the scratch word at 0x00, which is
        // cleared first, since a call that returns less than a word leaves the rest as it was.
        assembly ("memory-safe") {
            mstore(0x00, 0)
            success := staticcall(gas(), verifier, add(query, 0x20), mload(query), 0x00, 0x20)
            returned := returndatasize()
            answer := mload(0x00)
        }
        if (!success) revert ProofRejected(address(verifier));
        if (returned != 32 || answer > 1) revert MalformedVerifierAnswer(address(verifier), returned);
        if (answer == 0) revert ProofRejected(address(verifier));
    }

    function _requireCode(address verifier, bytes32 expected) private view {
        bytes32 found = verifier.codehash;
        if (found != expected) revert VerifierCodeMismatch(verifier, found, expected);
    }
}
