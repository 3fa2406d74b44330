// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

/// @dev A contract in the place of a verifier that misbehaves in one chosen way. It never accepts:
/// what is accepted is tested with a real verifier and a real proof.
contract HostileVerifier {
    enum Mode {
        ReturnsFalse,
        ReturnsNothing,
        ReturnsTwo,
        Returns31Bytes,
        Returns64Bytes,
        ReturnsAMegabyte,
        Reverts,
        RevertsWithAMegabyte,
        BurnsAllGas,
        ReturnsAllOnes
    }

    Mode private immutable MODE;
    bytes32 public immutable VERIFYING_KEY_ID;
    bytes32 public immutable SRS_ID;

    constructor(Mode mode, bytes32 verifyingKeyId, bytes32 srsId) {
        MODE = mode;
        VERIFYING_KEY_ID = verifyingKeyId;
        SRS_ID = srsId;
    }

    function verifyProof(bytes calldata, uint256[] calldata) external view returns (bool) {
        Mode mode = MODE;
        assembly {
            // Scratch space holds a true answer in case somebody reads too much of it.
            mstore(0x00, 1)
            mstore(0x20, 1)
            switch mode
            case 0 {
                mstore(0x00, 0)
                return(0x00, 0x20)
            }
            case 1 { return(0x00, 0x00) }
            case 2 {
                mstore(0x00, 2)
                return(0x00, 0x20)
            }
            case 3 { return(0x01, 0x1f) }
            case 4 { return(0x00, 0x40) }
            case 5 { return(0x00, 0x100000) }
            case 6 { revert(0x00, 0x00) }
            case 7 { revert(0x00, 0x100000) }
            case 8 { invalid() }
            default {
                mstore(0x00, not(0))
                return(0x00, 0x20)
            }
        }
    }
}
