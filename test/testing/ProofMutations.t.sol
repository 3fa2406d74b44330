// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {HallmarkTest} from "hallmark/testing/HallmarkTest.sol";
import {ProofMutations} from "hallmark/testing/ProofMutations.sol";
import {FIELD_MODULUS} from "hallmark/types/FieldElement.sol";

/// @dev Library functions are internal: reverts are expected of an external call.
contract MutationCaller {
    function flipBit(bytes memory proof, uint256 bit) external pure returns (bytes memory) {
        return ProofMutations.flipBit(proof, bit);
    }

    function swapWords(bytes memory proof, uint256 a, uint256 b) external pure returns (bytes memory) {
        return ProofMutations.swapWords(proof, a, b);
    }

    function addModulusToWord(bytes memory proof, uint256 index) external pure returns (bytes memory) {
        return ProofMutations.addModulusToWord(proof, index);
    }

    function truncate(bytes memory proof, uint256 length) external pure returns (bytes memory) {
        return ProofMutations.truncate(proof, length);
    }

    function extend(bytes memory proof, bytes memory tail) external pure returns (bytes memory) {
        return ProofMutations.extend(proof, tail);
    }

    function replaceInstance(uint256[] memory instances, uint256 index, uint256 value)
        external
        pure
        returns (uint256[] memory)
    {
        return ProofMutations.replaceInstance(instances, index, value);
    }

    function addModulus(uint256[] memory instances, uint256 index) external pure returns (uint256[] memory) {
        return ProofMutations.addModulus(instances, index);
    }

    function dropInstance(uint256[] memory instances) external pure returns (uint256[] memory) {
        return ProofMutations.dropInstance(instances);
    }
}

/// @dev A mutation that changes nothing would make a test of a refusal pass or fail for no reason.
contract ProofMutationsTest is HallmarkTest {
    MutationCaller private caller = new MutationCaller();

    function expectNoMutation() private {
        vm.expectRevert(ProofMutations.NoMutation.selector);
    }

    function testFuzz_EveryMutationOfAProofChangesACopy(bytes memory proof, uint256 seed) public pure {
        bytes32 original = keccak256(proof);
        if (proof.length != 0) {
            uint256 bit = bound(seed, 0, 8 * proof.length - 1);
            bytes memory flipped = ProofMutations.flipBit(proof, bit);
            assertThat(keccak256(flipped) != original, "flipped");
            assertEqual(keccak256(ProofMutations.flipBit(flipped, bit)), original, "twice is none");
            uint256 length = seed % proof.length;
            assertEqual(ProofMutations.truncate(proof, length).length, length, "truncated");
        }
        assertEqual(ProofMutations.extend(proof, hex"00").length, proof.length + 1, "extended");
        assertEqual(keccak256(proof), original, "the original is as it was");
    }

    function testFuzz_WordsAreSwappedAndAliased(uint256[4] memory words, uint256 a, uint256 b) public pure {
        (a, b) = (bound(a, 0, 3), bound(b, 0, 3));
        for (uint256 i = 0; i < 4; ++i) {
            words[i] = words[i] % FIELD_MODULUS;
        }
        vm.assume(words[a] != words[b]);
        bytes memory proof = abi.encode(words);
        bytes memory swapped = ProofMutations.swapWords(proof, a, b);
        assertEqual(ProofMutations.wordAt(swapped, a), bytes32(words[b]), "first");
        assertEqual(ProofMutations.wordAt(swapped, b), bytes32(words[a]), "second");
        assertEqual(ProofMutations.swapWords(swapped, a, b), proof, "twice is none");

        bytes memory aliased = ProofMutations.addModulusToWord(proof, a);
        assertEqual(uint256(ProofMutations.wordAt(aliased, a)) % FIELD_MODULUS, words[a], "the same value");
        assertThat(keccak256(aliased) != keccak256(proof), "another word");
        assertEqual(keccak256(proof), keccak256(abi.encode(words)), "the original is as it was");
    }

    function testFuzz_PublicValuesAreChangedInACopy(uint256[] memory instances, uint256 index, uint256 value)
        public
        pure
    {
        bytes32 original = keccak256(abi.encode(instances));
        assertEqual(ProofMutations.appendInstance(instances, value).length, instances.length + 1, "one more");
        if (instances.length == 0) return;
        index = bound(index, 0, instances.length - 1);
        assertEqual(ProofMutations.dropInstance(instances).length, instances.length - 1, "one fewer");
        if (value != instances[index]) {
            assertEqual(ProofMutations.replaceInstance(instances, index, value)[index], value, "replaced");
        }
        if (instances[index] < FIELD_MODULUS) {
            uint256 aliased = ProofMutations.addModulus(instances, index)[index];
            assertEqual(aliased, instances[index] + FIELD_MODULUS, "aliased");
        }
        assertEqual(keccak256(abi.encode(instances)), original, "the original is as it was");
    }

    function test_RevertWhen_NothingWouldChange() public {
        bytes memory proof = abi.encode(1, 1);
        uint256[] memory instances = new uint256[](1);
        expectNoMutation();
        caller.flipBit(proof, 8 * 64);
        expectNoMutation();
        caller.swapWords(proof, 0, 1);
        expectNoMutation();
        caller.swapWords(proof, 0, 2);
        expectNoMutation();
        caller.addModulusToWord(abi.encode(type(uint256).max), 0);
        expectNoMutation();
        caller.truncate(proof, 64);
        expectNoMutation();
        caller.extend(proof, "");
        expectNoMutation();
        caller.replaceInstance(instances, 0, 0);
        expectNoMutation();
        caller.replaceInstance(instances, 1, 1);
        expectNoMutation();
        caller.addModulus(instances, 1);
        expectNoMutation();
        caller.dropInstance(new uint256[](0));
    }
}
