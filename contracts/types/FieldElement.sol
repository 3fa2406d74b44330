// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

/// @dev A canonical element of the BN254 scalar field: a word below `FIELD_MODULUS`. Only
/// `toFieldElement` should make one, so that holding one is having checked it.
type FieldElement is uint256;

// Names that no other type of this library uses, so that all of it can be one file.
using {equalElements as ==, differentElements as !=, readsNegative, readMagnitude} for FieldElement global;

/// @dev Order of the BN254 groups: public values are below it.
uint256 constant FIELD_MODULUS = 21888242871839275222246405745257275088548364400416034343698204186575808495617;

/// @notice The word is not a canonical field element: another word stands for the same value.
error NotCanonical(uint256 word);

/// @dev Whether a word is the one word that stands for its field element. Up to five other words
/// are congruent to it, and a verifier that reduced instead of refusing would accept them all.
function isCanonical(uint256 word) pure returns (bool) {
    return word < FIELD_MODULUS;
}

/// @dev The field element that a word stands for; reverts with `NotCanonical` unless it is the one
/// word that stands for it.
function toFieldElement(uint256 word) pure returns (FieldElement) {
    if (!isCanonical(word)) revert NotCanonical(word);
    return FieldElement.wrap(word);
}

/// @dev Reverts with `NotCanonical` for the first word that is not a canonical field element.
function requireCanonical(uint256[] calldata words) pure {
    for (uint256 i = 0; i < words.length; ++i) {
        if (!isCanonical(words[i])) revert NotCanonical(words[i]);
    }
}

/// @dev Equality, which for canonical words is equality in the field.
function equalElements(FieldElement a, FieldElement b) pure returns (bool) {
    return FieldElement.unwrap(a) == FieldElement.unwrap(b);
}

/// @dev Inequality.
function differentElements(FieldElement a, FieldElement b) pure returns (bool) {
    return FieldElement.unwrap(a) != FieldElement.unwrap(b);
}

/// @dev Whether the element is read as a negative number: the upper half of the field is.
function readsNegative(FieldElement a) pure returns (bool) {
    return FieldElement.unwrap(a) > FIELD_MODULUS / 2;
}

/// @dev The absolute value of the number that the element is read as.
function readMagnitude(FieldElement a) pure returns (uint256) {
    return readsNegative(a) ? FIELD_MODULUS - FieldElement.unwrap(a) : FieldElement.unwrap(a);
}
