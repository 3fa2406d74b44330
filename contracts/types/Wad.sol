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
    greaterOrEqual as >=,
    toInt,
    toUint,
    isZero,
    isNegative,
    absolute,
    minimum,
    maximum,
    clamp
} for Wad global;

/// @dev One.
int256 constant WAD_ONE = 1e18;

/// @notice The number is negative where only zero or more makes sense.
error NegativeWad(Wad value);

/// @notice The number has no representation as a `Wad`: `integer * 1e18` is beyond 256 bits.
error WadOverflow(uint256 integer);

/// @notice The lower bound is above the upper one.
error BoundsOutOfOrder(Wad low, Wad high);

/*------------------------------------------------------------*/
/* Conversions                                                */
/*------------------------------------------------------------*/

/// @dev The integer as a `Wad`; reverts on overflow.
function wadFromInt(int256 integer) pure returns (Wad) {
    return Wad.wrap(integer * WAD_ONE);
}

/// @dev The unsigned integer as a `Wad`; reverts with `WadOverflow` if it has none.
function wadFromUint(uint256 integer) pure returns (Wad) {
    // Of a constant that is not negative.
    // forge-lint: disable-next-line(unsafe-typecast)
    if (integer > uint256(type(int256).max / WAD_ONE)) revert WadOverflow(integer);
    // Below 2^196, so neither the cast nor the product can overflow.
    // forge-lint: disable-next-line(unsafe-typecast)
    return Wad.wrap(int256(integer) * WAD_ONE);
}

/// @dev The largest integer that is not above the number: -0.5 gives -1. This is how a circuit
/// rounds too (`FixedPoint.toWad`), so that converting there and back never gains.
function toInt(Wad a) pure returns (int256 integer) {
    int256 value = Wad.unwrap(a);
    integer = value / WAD_ONE;
    // Division rounds towards zero, which for a negative number is upwards.
    if (value < 0 && value % WAD_ONE != 0) --integer;
}

/// @dev The largest integer that is not above the number; reverts with `NegativeWad` below zero.
function toUint(Wad a) pure returns (uint256) {
    if (isNegative(a)) revert NegativeWad(a);
    // Not negative, as was just checked.
    // forge-lint: disable-next-line(unsafe-typecast)
    return uint256(Wad.unwrap(a) / WAD_ONE);
}

/*------------------------------------------------------------*/
/* Arithmetic                                                 */
/*------------------------------------------------------------*/

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

/// @dev Absolute value; reverts for the one value that has none.
function absolute(Wad a) pure returns (Wad) {
    return isNegative(a) ? negate(a) : a;
}

/// @dev The smaller of two.
function minimum(Wad a, Wad b) pure returns (Wad) {
    return lessThan(b, a) ? b : a;
}

/// @dev The larger of two.
function maximum(Wad a, Wad b) pure returns (Wad) {
    return greaterThan(b, a) ? b : a;
}

/// @dev The number between two bounds that is nearest; reverts with `BoundsOutOfOrder` if there is
/// none.
function clamp(Wad a, Wad low, Wad high) pure returns (Wad) {
    if (greaterThan(low, high)) revert BoundsOutOfOrder(low, high);
    return minimum(maximum(a, low), high);
}

/*------------------------------------------------------------*/
/* Comparison                                                 */
/*------------------------------------------------------------*/

/// @dev Equality.
function equal(Wad a, Wad b) pure returns (bool) {
    return Wad.unwrap(a) == Wad.unwrap(b);
}

/// @dev Inequality.
function notEqual(Wad a, Wad b) pure returns (bool) {
    return Wad.unwrap(a) != Wad.unwrap(b);
}

/// @dev Strictly less.
function lessThan(Wad a, Wad b) pure returns (bool) {
    return Wad.unwrap(a) < Wad.unwrap(b);
}

/// @dev Less or equal.
function lessOrEqual(Wad a, Wad b) pure returns (bool) {
    return Wad.unwrap(a) <= Wad.unwrap(b);
}

/// @dev Strictly greater.
function greaterThan(Wad a, Wad b) pure returns (bool) {
    return Wad.unwrap(a) > Wad.unwrap(b);
}

/// @dev Greater or equal.
function greaterOrEqual(Wad a, Wad b) pure returns (bool) {
    return Wad.unwrap(a) >= Wad.unwrap(b);
}

/// @dev Whether the number is zero.
function isZero(Wad a) pure returns (bool) {
    return Wad.unwrap(a) == 0;
}

/// @dev Whether the number is below zero.
function isNegative(Wad a) pure returns (bool) {
    return Wad.unwrap(a) < 0;
}
