// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {FIELD_MODULUS} from "../types/FieldElement.sol";

/// @title Ways to spoil a proof or its public values
/// @notice Every function returns a spoilt copy and leaves the original as it was.
library ProofMutations {
    /// @notice The mutation would change nothing, or there is nothing to change.
    error NoMutation();

    /// @notice The proof with one bit flipped. Bit 0 is the highest of the first byte.
    function flipBit(bytes memory proof, uint256 bit) internal pure returns (bytes memory spoilt) {
        if (bit >= 8 * proof.length) revert NoMutation();
        spoilt = bytes.concat(proof);
        spoilt[bit / 8] ^= bytes1(0x80) >> (bit % 8);
    }

    /// @notice The proof with another word at one place, counted in words of 32 bytes.
    function replaceWord(bytes memory proof, uint256 index, bytes32 word) internal pure returns (bytes memory spoilt) {
        if (wordAt(proof, index) == word) revert NoMutation();
        spoilt = bytes.concat(proof);
        // Memory: one word inside `spoilt`, as `wordAt` has checked.
        assembly ("memory-safe") {
            mstore(add(add(spoilt, 0x20), mul(index, 0x20)), word)
        }
    }

    /// @notice The proof with two different words exchanged.
    function swapWords(bytes memory proof, uint256 first, uint256 second) internal pure returns (bytes memory) {
        bytes32 word = wordAt(proof, first);
        return replaceWord(replaceWord(proof, first, wordAt(proof, second)), second, word);
    }

    /// @notice The proof with the field's modulus added to one word: another word for the same value.
    function addModulusToWord(bytes memory proof, uint256 index) internal pure returns (bytes memory) {
        return replaceWord(proof, index, bytes32(_alias(uint256(wordAt(proof, index)))));
    }

    /// @notice The first `length` bytes of the proof.
    function truncate(bytes memory proof, uint256 length) internal pure returns (bytes memory spoilt) {
        if (length >= proof.length) revert NoMutation();
        spoilt = bytes.concat(proof);
        // Memory: a shorter length for an array that stays where it is.
        assembly ("memory-safe") {
            mstore(spoilt, length)
        }
    }

    /// @notice The proof with bytes appended.
    function extend(bytes memory proof, bytes memory tail) internal pure returns (bytes memory) {
        if (tail.length == 0) revert NoMutation();
        return bytes.concat(proof, tail);
    }

    /// @notice The public values with another one at one place.
    function replaceInstance(uint256[] memory instances, uint256 index, uint256 value)
        internal
        pure
        returns (uint256[] memory spoilt)
    {
        if (index >= instances.length || instances[index] == value) revert NoMutation();
        spoilt = _copy(instances, instances.length);
        spoilt[index] = value;
    }

    /// @notice The public values with the field's modulus added to one: another word for the same
    /// value.
    function addModulus(uint256[] memory instances, uint256 index) internal pure returns (uint256[] memory) {
        if (index >= instances.length) revert NoMutation();
        return replaceInstance(instances, index, _alias(instances[index]));
    }

    /// @notice The public values without the last one.
    function dropInstance(uint256[] memory instances) internal pure returns (uint256[] memory) {
        if (instances.length == 0) revert NoMutation();
        return _copy(instances, instances.length - 1);
    }

    /// @notice The public values and one more.
    function appendInstance(uint256[] memory instances, uint256 value) internal pure returns (uint256[] memory spoilt) {
        spoilt = _copy(instances, instances.length + 1);
        spoilt[instances.length] = value;
    }

    /// @notice A word of a proof.
    function wordAt(bytes memory proof, uint256 index) internal pure returns (bytes32 word) {
        if (index >= proof.length / 32) revert NoMutation();
        // Memory: reads one word inside `proof`, as was just checked.
        assembly ("memory-safe") {
            word := mload(add(add(proof, 0x20), mul(index, 0x20)))
        }
    }

    function _alias(uint256 word) private pure returns (uint256) {
        if (word > type(uint256).max - FIELD_MODULUS) revert NoMutation();
        return word + FIELD_MODULUS;
    }

    function _copy(uint256[] memory words, uint256 length) private pure returns (uint256[] memory copy) {
        copy = new uint256[](length);
        for (uint256 i = 0; i < length && i < words.length; ++i) {
            copy[i] = words[i];
        }
    }
}
