// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {OpenConsumer} from "../support/OpenConsumer.sol";
import {PinnedVerifier} from "hallmark/libraries/PinnedVerifier.sol";
import {HallmarkTest} from "hallmark/testing/HallmarkTest.sol";
import {MockVerifier} from "hallmark/testing/MockVerifier.sol";
import {ProofMutations} from "hallmark/testing/ProofMutations.sol";
import {FIELD_MODULUS, NotCanonical} from "hallmark/types/FieldElement.sol";

contract MockVerifierTest is HallmarkTest {
    bytes32 private constant RESERVED = bytes32(type(uint256).max);

    MockVerifier private mock = new MockVerifier();
    bytes private marker = mock.markerProof();

    function testFuzz_AcceptsTheMarkerForAnyCanonicalValues(uint256[] memory instances) public view {
        for (uint256 i = 0; i < instances.length; ++i) {
            instances[i] %= FIELD_MODULUS;
        }
        assertInference(mock, marker, instances);
    }

    function test_RevertWhen_TheProofIsEmpty() public {
        vm.expectRevert(MockVerifier.NotTheMarker.selector);
        mock.verifyProof("", new uint256[](1));
    }

    function testFuzz_RevertWhen_TheProofIsNotTheMarker(bytes memory other, uint256 bit) public {
        vm.assume(keccak256(other) != keccak256(marker));
        vm.expectRevert(MockVerifier.NotTheMarker.selector);
        mock.verifyProof(other, new uint256[](1));
        other = ProofMutations.flipBit(marker, bound(bit, 0, 255));
        vm.expectRevert(MockVerifier.NotTheMarker.selector);
        mock.verifyProof(other, new uint256[](1));
    }

    function test_RevertWhen_APublicValueIsNotCanonical() public {
        uint256[] memory instances = new uint256[](1);
        instances[0] = FIELD_MODULUS;
        vm.expectRevert(abi.encodeWithSelector(NotCanonical.selector, FIELD_MODULUS));
        mock.verifyProof(marker, instances);
    }

    /// @dev A consumer for a real model cannot be given the mock by mistake, only by asking for its ids.
    function test_RevertWhen_AConsumerOfARealModelIsGivenTheMock() public {
        assertEqual(mock.VERIFYING_KEY_ID(), RESERVED, "verifying key");
        assertEqual(mock.SRS_ID(), RESERVED, "SRS");
        bytes32 codeHash = address(mock).codehash;
        bytes32 key = keccak256("a real model");
        vm.expectRevert(abi.encodeWithSelector(PinnedVerifier.VerifyingKeyMismatch.selector, RESERVED, key));
        new OpenConsumer(mock, codeHash, key, RESERVED);
        vm.expectRevert(abi.encodeWithSelector(PinnedVerifier.SrsMismatch.selector, RESERVED, key));
        new OpenConsumer(mock, codeHash, RESERVED, key);
        new OpenConsumer(mock, codeHash, RESERVED, RESERVED);
    }

    function testFuzz_RevertWhen_OnARealChain(uint64 chain) public {
        vm.assume(chain != 31337 && chain != 0);
        bytes memory proof = marker;
        vm.chainId(chain);
        bytes memory reason = abi.encodeWithSelector(MockVerifier.LocalChainOnly.selector, chain);
        vm.expectRevert(reason);
        new MockVerifier();
        vm.expectRevert(reason);
        mock.verifyProof(proof, new uint256[](0));
        vm.expectRevert(reason);
        mock.VERIFYING_KEY_ID();
        vm.expectRevert(reason);
        mock.SRS_ID();
        vm.expectRevert(reason);
        mock.markerProof();
    }
}
