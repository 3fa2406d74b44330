// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {HallmarkTest} from "hallmark/testing/HallmarkTest.sol";
import {
    FIELD_MODULUS,
    FieldElement,
    NotCanonical,
    isCanonical,
    requireCanonical,
    toFieldElement
} from "hallmark/types/FieldElement.sol";

/// @dev Free functions are internal: reverts are expected of an external call.
contract FieldElementCaller {
    function convert(uint256 word) external pure returns (FieldElement) {
        return toFieldElement(word);
    }

    function requireAll(uint256[] calldata words) external pure {
        requireCanonical(words);
    }
}

contract FieldElementTest is HallmarkTest {
    FieldElementCaller private caller = new FieldElementCaller();

    function testFuzz_ExactlyTheWordsBelowTheModulusAreElements(uint256 word) public {
        assertThat(isCanonical(word) == (word < FIELD_MODULUS), "canonical");
        bool refused = word >= FIELD_MODULUS;
        if (refused) vm.expectRevert(abi.encodeWithSelector(NotCanonical.selector, word));
        FieldElement element = caller.convert(word);
        if (!refused) assertEqual(FieldElement.unwrap(element), word, "the word itself");
    }

    function test_EdgesOfTheField() public {
        assertThat(isCanonical(0) && isCanonical(FIELD_MODULUS - 1), "both ends");
        assertThat(!isCanonical(FIELD_MODULUS) && !isCanonical(type(uint256).max), "beyond");
        vm.expectRevert(abi.encodeWithSelector(NotCanonical.selector, FIELD_MODULUS));
        caller.convert(FIELD_MODULUS);
    }

    function testFuzz_RevertWhen_AnyWordIsAnAlias(uint256[] calldata seeds, uint256 index, uint256 multiple) public {
        vm.assume(seeds.length != 0);
        uint256[] memory words = seeds;
        for (uint256 i = 0; i < words.length; ++i) {
            words[i] %= FIELD_MODULUS;
        }
        caller.requireAll(words);
        index = bound(index, 0, words.length - 1);
        words[index] = bound(words[index], 0, type(uint256).max - 5 * FIELD_MODULUS);
        words[index] += bound(multiple, 1, 5) * FIELD_MODULUS;
        vm.expectRevert(abi.encodeWithSelector(NotCanonical.selector, words[index]));
        caller.requireAll(words);
    }

    function testFuzz_TheUpperHalfIsNegative(uint256 seed) public pure {
        uint256 magnitude = bound(seed, 1, FIELD_MODULUS / 2);
        FieldElement positive = toFieldElement(magnitude);
        FieldElement negative = toFieldElement(FIELD_MODULUS - magnitude);
        assertThat(!positive.readsNegative() && negative.readsNegative(), "signs");
        assertEqual(positive.readMagnitude(), magnitude, "positive");
        assertEqual(negative.readMagnitude(), magnitude, "negative");
        assertThat(positive != negative && positive == toFieldElement(magnitude), "equality");
        assertThat(!toFieldElement(0).readsNegative(), "zero has no sign");
    }
}
