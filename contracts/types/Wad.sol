// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

/// @dev A signed real number with 18 decimals: `1e18` stands for one.
type Wad is int256;

using {
    add as +,
    sub as -,
    negate as -,
    equal as ==,
    notEqual as !=,
    lessThan as <,
    lessOrEqual as <=,
    greaterThan as >,
    greaterOrEqual as >=
} for Wad global;

/// @dev Sum; reverts on overflow.
function add(Wad a, Wad b) pure returns (Wad) {
    return Wad.wrap(Wad.unwrap(a) + Wad.unwrap(b));
}

/// @dev Difference; reverts on overflow.
function sub(Wad a, Wad b) pure returns (Wad) {
    return Wad.wrap(Wad.unwrap(a) - Wad.unwrap(b));
}

/// @dev Opposite; reverts for the one value that has none.
function negate(Wad a) pure returns (Wad) {
    return Wad.wrap(-Wad.unwrap(a));
}

function equal(Wad a, Wad b) pure returns (bool) {
    return Wad.unwrap(a) == Wad.unwrap(b);
}

function notEqual(Wad a, Wad b) pure returns (bool) {
    return Wad.unwrap(a) != Wad.unwrap(b);
}

function lessThan(Wad a, Wad b) pure returns (bool) {
    return Wad.unwrap(a) < Wad.unwrap(b);
}

function lessOrEqual(Wad a, Wad b) pure returns (bool) {
    return Wad.unwrap(a) <= Wad.unwrap(b);
}

function greaterThan(Wad a, Wad b) pure returns (bool) {
    return Wad.unwrap(a) > Wad.unwrap(b);
}

function greaterOrEqual(Wad a, Wad b) pure returns (bool) {
    return Wad.unwrap(a) >= Wad.unwrap(b);
}
