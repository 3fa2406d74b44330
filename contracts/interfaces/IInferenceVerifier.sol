// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

/// @title What every generated verifier offers
/// @notice A verifier answers one question: does some input exist that this committed circuit maps
/// to these public values? It knows nothing of callers, of time, or of who made the input.
interface IInferenceVerifier {
    /// @notice Verifies a proof for public values.
    /// @dev A verifier reverts when the proof is wrong. `false` must be read as a refusal too:
    /// consumers check both (see `InferenceConsumer`).
    /// @param proof The proof as `hallmark prove` exports it.
    /// @param instances The public values, field elements below the BN254 group order.
    /// @return True when the proof is right.
    function verifyProof(bytes calldata proof, uint256[] calldata instances) external view returns (bool);

    /// @notice Hash that identifies the structured reference string. Whoever knows the secret behind
    /// that string can forge proofs.
    function SRS_ID() external view returns (bytes32);

    /// @notice Hash of the verifying key: it commits to the circuit, hence to the model.
    function VERIFYING_KEY_ID() external view returns (bytes32);
}
