// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

/// @title The errors of generated verifiers, for tests
/// @notice A verifier declares these itself; here they can be named without importing one.
interface VerifierErrors {
    /// @notice The SRS is a development one and this is not a local chain.
    error DevelopmentOnly();

    /// @notice Memory that the verifier uses is already taken.
    error MemoryReserved();

    /// @notice The proof does not have `PROOF_LENGTH` bytes.
    error ProofLengthInvalid();

    /// @notice There are not `INSTANCE_COUNT` public inputs.
    error InstanceCountInvalid();

    /// @notice Calldata is not the one encoding of its arguments.
    error CalldataLayoutInvalid();

    /// @notice A point is off the curve, at infinity, or not canonical.
    error PointInvalid();

    /// @notice An evaluation is not below the field's modulus.
    error ScalarNotCanonical();

    /// @notice A public input is not below the field's modulus.
    error InstanceNotCanonical();

    /// @notice A denominator is zero, or no inverse was found.
    error ChallengeDegenerate();

    /// @notice A precompile is missing, failed, or answered with the wrong size.
    error PrecompileFailed();

    /// @notice The proof does not verify.
    error ProofInvalid();
}
