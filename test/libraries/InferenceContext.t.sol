// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {InferenceContext} from "hallmark/libraries/InferenceContext.sol";
import {HallmarkTest} from "hallmark/testing/HallmarkTest.sol";
import {isCanonical} from "hallmark/types/FieldElement.sol";

contract InferenceContextTest is HallmarkTest {
    /// @dev Vectors from an implementation of Keccak that shares no code with the compiler's. The
    /// prover computes the same hash: it must be tested with the same vectors.
    function test_Vectors() public pure {
        assertEqual(InferenceContext.INDEX, 0, "index");
        assertEqual(
            InferenceContext.TYPE_HASH, 0x5c8bba78efedb1e4e10aa997161c806a17dc1d6072574d7dcdd0207a7108830a, "type hash"
        );
        address consumer = address(uint160(uint256(keccak256("hallmark.fixture.consumer"))));
        address account = address(uint160(uint256(keccak256("hallmark.fixture.account"))));
        assertEqual(
            InferenceContext.hash(31337, consumer, account, 0, 4102444800),
            uint256(0x005c516b7cdf3cdf25ad4c6b3c3f861eda277f4d3b256e15888b1bbe576d97ad),
            "context of the fixtures"
        );
        assertEqual(
            InferenceContext.hash(
                1,
                0x1111111111111111111111111111111111111111,
                0x2222222222222222222222222222222222222222,
                type(uint256).max,
                1
            ),
            uint256(0x007e74b1e17dcd046fc5837c421a02e609f4490c6e290fba55aa47cb61714712),
            "another context"
        );
    }

    function testFuzz_IsCanonicalAndOf248Bits(
        uint256 chainId,
        address consumer,
        address account,
        uint256 nonce,
        uint256 deadline
    ) public pure {
        uint256 context = InferenceContext.hash(chainId, consumer, account, nonce, deadline);
        assertThat(context < 2 ** 248 && isCanonical(context), "canonical");
    }

    function testFuzz_BindsEveryField(uint256[5] calldata fields, uint256 index, uint256 other) public pure {
        uint256[5] memory changed = fields;
        index = bound(index, 0, 4);
        // Addresses have 160 bits: a change must be among these.
        bool isAddress = index == 1 || index == 2;
        uint256 mask = isAddress ? type(uint160).max : type(uint256).max;
        changed[index] = other & mask;
        vm.assume(fields[index] & mask != other & mask);
        assertThat(hash(fields) != hash(changed), "another field, another context");
    }

    function hash(uint256[5] memory fields) private pure returns (uint256) {
        // Truncated on purpose: any fuzzed word gives an address.
        // forge-lint: disable-next-line(unsafe-typecast)
        (address consumer, address account) = (address(uint160(fields[1])), address(uint160(fields[2])));
        return InferenceContext.hash(fields[0], consumer, account, fields[3], fields[4]);
    }
}
