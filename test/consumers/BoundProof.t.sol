// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {CountingConsumer, OpenConsumer} from "../support/OpenConsumer.sol";
import {ProgrammableVerifier} from "../support/ProgrammableVerifier.sol";
import {ConsumerBase} from "hallmark/consumers/ConsumerBase.sol";
import {IInferenceVerifier} from "hallmark/interfaces/IInferenceVerifier.sol";
import {HallmarkTest} from "hallmark/testing/HallmarkTest.sol";
import {ProofMutations} from "hallmark/testing/ProofMutations.sol";

/// @dev What a consumer does with a recorded proof, bound to one consumer's address. Everything about
/// the proof comes from `fixture`, so that the suite runs with any.
abstract contract BoundProofSuite is HallmarkTest {
    struct Fixture {
        IInferenceVerifier verifier;
        bytes32 codeHash;
        bytes32 verifyingKeyId;
        bytes32 srsId;
        bytes proof;
        uint256[] instances;
        Context context;
    }

    Fixture internal recorded;
    CountingConsumer internal consumer;

    function fixture() internal virtual returns (Fixture memory);

    function setUp() public {
        recorded = fixture();
        vm.chainId(recorded.context.chainId);
        consumer = deploy(recorded.context.consumer);
    }

    function deploy(address where) private returns (CountingConsumer) {
        bytes memory arguments =
            abi.encode(recorded.verifier, recorded.codeHash, recorded.verifyingKeyId, recorded.srsId);
        return CountingConsumer(deployAt(where, abi.encodePacked(type(OpenConsumer).creationCode, arguments)));
    }

    function send(CountingConsumer to, bytes memory proof, uint256[] memory instances) private {
        Context memory context = recorded.context;
        to.use(proof, instances, context.account, context.nonce, context.deadline);
    }

    function use() private {
        send(consumer, recorded.proof, recorded.instances);
    }

    function contextAt(CountingConsumer some) private view returns (uint256) {
        return some.contextOf(recorded.context.account, recorded.context.nonce, recorded.context.deadline);
    }

    function expectContextMismatch(uint256 expected) private {
        vm.expectRevert(abi.encodeWithSelector(ConsumerBase.ContextMismatch.selector, recorded.instances[0], expected));
    }

    function test_TheFirstPublicValueIsTheContext() public view {
        assertEqual(recorded.instances[0], hashOf(recorded.context), "context");
        assertEqual(recorded.instances[0], contextAt(consumer), "as the consumer computes it");
    }

    function test_AcceptsOnce() public {
        use();
        assertEqual(consumer.usesOf(recorded.context.account), 1, "one state change");
        bytes32 nullifier = consumer.nullifierOf(recorded.context.account, recorded.context.nonce);
        vm.expectRevert(abi.encodeWithSelector(ConsumerBase.InferenceAlreadyUsed.selector, nullifier));
        use();
    }

    function testFuzz_ACopyistWorksForTheAccount(address copyist) public {
        vm.assume(copyist != recorded.context.account);
        vm.prank(copyist);
        use();
        assertEqual(consumer.usesOf(recorded.context.account), 1, "for the account");
        assertEqual(consumer.usesOf(copyist), 0, "not for the copyist");
    }

    /// @dev A used nonce stays used whatever the proof's bytes are: no hash of them is involved.
    function testFuzz_RevertWhen_ReplayedWithAnyProof(bytes calldata other) public {
        use();
        vm.expectPartialRevert(ConsumerBase.InferenceAlreadyUsed.selector);
        send(consumer, other, recorded.instances);
    }

    function test_RevertWhen_AtAnotherConsumer() public {
        CountingConsumer other = deploy(address(0xc0ffee));
        expectContextMismatch(contextAt(other));
        send(other, recorded.proof, recorded.instances);
    }

    function testFuzz_RevertWhen_OnAnotherChain(uint64 chain) public {
        vm.assume(chain != 0 && chain != recorded.context.chainId);
        vm.chainId(chain);
        expectContextMismatch(contextAt(consumer));
        use();
    }

    function test_RevertWhen_Expired() public {
        uint256 deadline = recorded.context.deadline;
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(ConsumerBase.ProofExpired.selector, deadline, deadline + 1));
        use();
        vm.warp(deadline);
        use();
    }

    function testFuzz_RevertWhen_APublicValueIsChanged(uint256 index, uint256 value) public {
        uint256[] memory instances = recorded.instances;
        index = bound(index, 1, instances.length - 1);
        vm.assume(value != instances[index]);
        expectProofRejected(recorded.verifier);
        send(consumer, recorded.proof, ProofMutations.replaceInstance(instances, index, value));
    }

    function testFuzz_RevertWhen_AnyBitIsFlipped(uint256 bit) public {
        bytes memory spoilt = ProofMutations.flipBit(recorded.proof, bound(bit, 0, 8 * recorded.proof.length - 1));
        expectProofRejected(recorded.verifier);
        send(consumer, spoilt, recorded.instances);
    }

    /// @dev Too little gas must never look like an answer.
    function testFuzz_RevertWhen_GasRunsOut(uint256 gasLimit) public {
        Context memory context = recorded.context;
        bytes memory query = abi.encodeCall(
            consumer.use, (recorded.proof, recorded.instances, context.account, context.nonce, context.deadline)
        );
        (bool success,) = address(consumer).call{gas: bound(gasLimit, 0, 1_000_000)}(query);
        assertEqual(consumer.uses(), success ? 1 : 0, "all or nothing");
        assertThat(consumer.isUsed(context.account, context.nonce) == success, "used if it succeeds, else not");
    }
}

/// @dev With an ideal verifier instead of a circuit.
contract IdealBoundProofTest is BoundProofSuite {
    function fixture() internal override returns (Fixture memory ideal) {
        ProgrammableVerifier verifier = new ProgrammableVerifier("key", "srs");
        ideal.verifier = verifier;
        ideal.codeHash = address(verifier).codehash;
        ideal.verifyingKeyId = "key";
        ideal.srsId = "srs";
        ideal.context = Context({
            chainId: 31337,
            consumer: address(uint160(uint256(keccak256("hallmark.fixture.consumer")))),
            account: address(uint160(uint256(keccak256("hallmark.fixture.account")))),
            nonce: 0,
            deadline: 4_102_444_800
        });
        ideal.proof = abi.encode("a proof");
        ideal.instances = new uint256[](2);
        ideal.instances[0] = hashOf(ideal.context);
        ideal.instances[1] = 42;
        verifier.allow(ideal.proof, ideal.instances);
    }
}
