// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {IInferenceVerifier} from "../interfaces/IInferenceVerifier.sol";

/// @title Base of contracts that act on a verified inference
/// @notice Pins one verifier, asks it, and uses an inference once.
///
/// What a verified proof means here: the committed circuit maps *some* input to these public values.
/// It does not say who computed it, for whom, when, or on which input. Hence two duties that this
/// contract can only half fulfil, since the proofs it serves carry no context of their own:
///
/// **Replay.** An accepted inference is remembered under
/// `keccak256(DOMAIN, chain id, this contract, caller, keccak256(instances))`. It is deliberately not
/// remembered under a hash of the proof: proofs are malleable, anybody who has one can derive others
/// for the same statement. The price is that two honest inferences with identical public values from
/// one caller count as one.
///
/// **Theft.** A proof that is seen in the mempool can be sent by somebody else, and for that other
/// caller the nullifier is a different one. No nullifier can prevent this while nothing inside the
/// proof names the caller. `_authorise` has no default for that reason: a derived contract has to say
/// who may act on which public values.
abstract contract InferenceConsumer {
    /// @dev Separates these nullifiers from any other hash of the same fields.
    bytes32 private constant DOMAIN = keccak256("hallmark.InferenceConsumer.nullifier.v1");

    /// @notice The verifier asked, fixed for ever.
    IInferenceVerifier public immutable VERIFIER;

    /// @notice Hash of the verifier's runtime code.
    bytes32 public immutable VERIFIER_CODE_HASH;

    /// @notice Hash of the verifying key of the model.
    bytes32 public immutable VERIFYING_KEY_ID;

    /// @notice Identity of the structured reference string behind the verifying key.
    bytes32 public immutable SRS_ID;

    mapping(bytes32 nullifier => bool used) private _used;

    /// @notice A proof was verified and its inference used.
    event InferenceAccepted(bytes32 indexed nullifier, address indexed caller, bytes32 indexed instancesHash);

    /// @notice The verifier's code is not the code this consumer was made for.
    error VerifierCodeMismatch(address verifier, bytes32 found, bytes32 expected);

    /// @notice The verifier is for another model, or for another build of it.
    error VerifyingKeyMismatch(bytes32 found, bytes32 expected);

    /// @notice The verifier rests on another structured reference string.
    error SrsMismatch(bytes32 found, bytes32 expected);

    /// @notice The verifier refused the proof: it reverted or answered false.
    error ProofRejected(address verifier);

    /// @notice The verifier's answer is not one canonical boolean.
    error MalformedVerifierAnswer(address verifier, uint256 returnedBytes);

    /// @notice This caller has used an inference with these public values before.
    error InferenceAlreadyUsed(bytes32 nullifier);

    /// @param verifier The deployed verifier.
    /// @param codeHash Hash of its runtime code, from the build, not from the chain: comparing what
    /// is deployed with itself would prove nothing.
    /// @param verifyingKeyId The verifying key of the model.
    /// @param srsId The structured reference string that the deployer trusts.
    constructor(IInferenceVerifier verifier, bytes32 codeHash, bytes32 verifyingKeyId, bytes32 srsId) {
        bytes32 foundCode = address(verifier).codehash;
        if (foundCode != codeHash || address(verifier).code.length == 0) {
            revert VerifierCodeMismatch(address(verifier), foundCode, codeHash);
        }
        bytes32 foundKey = verifier.VERIFYING_KEY_ID();
        if (foundKey != verifyingKeyId) revert VerifyingKeyMismatch(foundKey, verifyingKeyId);
        bytes32 foundSrs = verifier.SRS_ID();
        if (foundSrs != srsId) revert SrsMismatch(foundSrs, srsId);

        VERIFIER = verifier;
        VERIFIER_CODE_HASH = codeHash;
        VERIFYING_KEY_ID = verifyingKeyId;
        SRS_ID = srsId;
    }

    /// @notice Whether `caller` has used an inference with these public values.
    function isUsed(address caller, uint256[] calldata instances) external view returns (bool) {
        return _used[_nullifier(caller, instances)];
    }

    /// @notice The nullifier under which an inference of `caller` is remembered.
    function nullifierOf(address caller, uint256[] calldata instances) external view returns (bytes32) {
        return _nullifier(caller, instances);
    }

    /// @dev Reverts unless `caller` may act on these public values. See the note on theft above.
    function _authorise(address caller, uint256[] calldata instances) internal view virtual;

    /// @dev Verifies a proof and uses the inference up. The mark is set before the verifier is
    /// called, and everything is undone if any of it fails.
    function _accept(bytes calldata proof, uint256[] calldata instances) internal returns (bytes32 nullifier) {
        _authorise(msg.sender, instances);
        nullifier = _nullifier(msg.sender, instances);
        if (_used[nullifier]) revert InferenceAlreadyUsed(nullifier);
        _used[nullifier] = true;
        _verify(proof, instances);
        emit InferenceAccepted(nullifier, msg.sender, _instancesHash(instances));
    }

    /// @dev Reverts unless the pinned verifier, with the pinned code, answers true.
    function _verify(bytes calldata proof, uint256[] calldata instances) internal view {
        address verifier = address(VERIFIER);
        bytes32 code = verifier.codehash;
        if (code != VERIFIER_CODE_HASH) {
            revert VerifierCodeMismatch(verifier, code, VERIFIER_CODE_HASH);
        }
        bytes memory query = abi.encodeCall(IInferenceVerifier.verifyProof, (proof, instances));
        bool success;
        uint256 returned;
        uint256 answer;
        // A plain call would copy whatever the verifier returns, at this contract's expense. At most
        // one word is taken here.
        assembly ("memory-safe") {
            mstore(0x00, 0)
            success := staticcall(gas(), verifier, add(query, 0x20), mload(query), 0x00, 0x20)
            returned := returndatasize()
            answer := mload(0x00)
        }
        if (!success) revert ProofRejected(verifier);
        if (returned != 32 || answer > 1) revert MalformedVerifierAnswer(verifier, returned);
        if (answer == 0) revert ProofRejected(verifier);
    }

    function _nullifier(address caller, uint256[] calldata instances) private view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN, block.chainid, address(this), caller, _instancesHash(instances)));
    }

    function _instancesHash(uint256[] calldata instances) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(instances));
    }
}
