// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {ModelConsumer} from "../src/ModelConsumer.sol";
import {ModelInfo} from "../src/ModelInfo.sol";
import {DevOnlyHalo2Verifier} from "../src/Verifier.sol";
import {InferenceFixture} from "./fixtures/InferenceFixture.sol";
import {ConsumerBase} from "hallmark/consumers/ConsumerBase.sol";
import {InferenceConsumer} from "hallmark/consumers/InferenceConsumer.sol";
import {IInferenceVerifier} from "hallmark/interfaces/IInferenceVerifier.sol";
import {HallmarkTest} from "hallmark/testing/HallmarkTest.sol";
import {Inference} from "hallmark/testing/Inference.sol";
import {ProofMutations} from "hallmark/testing/ProofMutations.sol";
import {VerifierErrors} from "hallmark/testing/VerifierErrors.sol";
import {FIELD_MODULUS} from "hallmark/types/FieldElement.sol";
import {Wad} from "hallmark/types/Wad.sol";

/// @dev A consumer of another kind: accounts have to send their proofs themselves.
contract OwnSenderConsumer is InferenceConsumer {
    uint256 public count;

    constructor(IInferenceVerifier verifier, bytes32 codeHash, bytes32 keyId, bytes32 srsId)
        InferenceConsumer(verifier, codeHash, keyId, srsId)
    {}

    function submit(
        bytes calldata proof,
        uint256[] calldata instances,
        address account,
        uint256 nonce,
        uint256 deadline
    ) external onlyAccount(account) {
        _accept(proof, instances, account, nonce, deadline);
        ++count;
    }
}

/// @dev What the invariant test calls, any number of times in any order.
contract Handler {
    InferenceTest private immutable TEST;

    constructor(InferenceTest test) {
        TEST = test;
    }

    function send(uint256 seed) external {
        TEST.handle(seed);
    }
}

/// @dev A real proof of `credit_scorer`, and what must be refused. The proof is bound to one chain,
/// consumer, account, nonce and deadline: the consumer is deployed at the address in the fixture.
/// forge-config: default.invariant.runs = 8
/// forge-config: default.invariant.depth = 32
contract InferenceTest is HallmarkTest {
    address private constant ACCOUNT = InferenceFixture.ACCOUNT;
    uint256 private constant NONCE = InferenceFixture.NONCE;
    uint256 private constant DEADLINE = InferenceFixture.DEADLINE;

    IInferenceVerifier private verifier;
    ModelConsumer private consumer;
    bytes private proof;
    uint256[] private instances;
    Handler private handler;

    function setUp() public {
        handler = new Handler(this);
        vm.chainId(InferenceFixture.CHAIN_ID);
        verifier = IInferenceVerifier(address(new DevOnlyHalo2Verifier()));
        requireFreshFixture(InferenceFixture.VERIFYING_KEY_ID, verifier);
        consumer = deployConsumer(InferenceFixture.CONSUMER);
        proof = InferenceFixture.proof();
        instances = InferenceFixture.instances();
    }

    function constructorArguments() private view returns (bytes memory) {
        bytes32 codeHash = keccak256(type(DevOnlyHalo2Verifier).runtimeCode);
        return abi.encode(verifier, codeHash, ModelInfo.VERIFYING_KEY_ID, ModelInfo.SRS_ID);
    }

    function deployConsumer(address where) private returns (ModelConsumer) {
        bytes memory code = abi.encodePacked(type(ModelConsumer).creationCode, constructorArguments());
        return ModelConsumer(deployAt(where, code));
    }

    function submit() private {
        consumer.submit(proof, instances, ACCOUNT, NONCE, DEADLINE);
    }

    function assertNothingRecorded() private view {
        assertEqual(consumer.count(), 0, "nothing recorded");
        assertThat(!consumer.isUsed(ACCOUNT, NONCE), "the nonce is free");
    }

    function expectContextMismatch(uint256 expected) private {
        uint256 found = instances[ModelInfo.CONTEXT_INDEX];
        vm.expectRevert(abi.encodeWithSelector(ConsumerBase.ContextMismatch.selector, found, expected));
    }

    // What must work.

    function test_VerifiesTheProof() public view {
        assertInference(verifier, proof, instances);
        assertEqual(verifier.VERIFYING_KEY_ID(), ModelInfo.VERIFYING_KEY_ID, "verifying key");
        assertEqual(InferenceFixture.VERIFYING_KEY_ID, ModelInfo.VERIFYING_KEY_ID, "the proof is of this build");
        assertEqual(verifier.SRS_ID(), ModelInfo.SRS_ID, "SRS");
    }

    function test_TheFirstPublicValueIsTheContext() public view {
        uint256 context = consumer.contextOf(ACCOUNT, NONCE, DEADLINE);
        assertEqual(instances[ModelInfo.CONTEXT_INDEX], context, "as the consumer computes it");
        assertEqual(InferenceFixture.context(), context, "as the prover computed it");
    }

    function test_ConsumerRecordsTheInference() public {
        submit();
        assertEqual(consumer.count(), 1, "recorded");
        assertThat(consumer.isUsed(ACCOUNT, NONCE), "used up");
    }

    function test_OutputsAreThoseOfTheModel() public view {
        int256[] memory circuit = InferenceFixture.circuitOutputs();
        int256[] memory model = InferenceFixture.modelOutputs();
        uint256 next = 0;
        Wad[] memory values0 = consumer.output0(instances);
        for (uint256 i = 0; i < values0.length; ++i) {
            checkOutput(Wad.unwrap(values0[i]), circuit[next], model[next]);
            ++next;
        }
        assertEqual(next, circuit.length, "all of them");
        assertEqual(next + 1, ModelInfo.INSTANCES, "and the context");
    }

    function checkOutput(int256 decoded, int256 circuit, int256 model) private pure {
        assertEqual(decoded, circuit, "decoded as the circuit computed it");
        int256 error = decoded > model ? decoded - model : model - decoded;
        assertThat(error <= InferenceFixture.TOLERANCE, "within the tolerance of the float model");
    }

    /// @dev `hallmark gas --transaction submit`
    function test_GasOfASubmission() public {
        bytes memory data = abi.encodeCall(ModelConsumer.submit, (proof, instances, ACCOUNT, NONCE, DEADLINE));
        transact("submit", ACCOUNT, address(consumer), 0, data);
        assertEqual(consumer.count(), 1, "recorded");
    }

    // What must not: proofs used in another way than they were made for.

    function test_RevertWhen_AnInferenceIsReplayed() public {
        submit();
        bytes32 nullifier = consumer.nullifierOf(ACCOUNT, NONCE);
        vm.expectRevert(abi.encodeWithSelector(ConsumerBase.InferenceAlreadyUsed.selector, nullifier));
        submit();
        assertEqual(consumer.count(), 1, "one proof, one record");
    }

    function test_RevertWhen_TheNonceWasCancelled() public {
        vm.prank(ACCOUNT);
        consumer.cancelNonce(NONCE);
        bytes32 nullifier = consumer.nullifierOf(ACCOUNT, NONCE);
        vm.expectRevert(abi.encodeWithSelector(ConsumerBase.InferenceAlreadyUsed.selector, nullifier));
        submit();
        assertEqual(consumer.count(), 0, "nothing recorded");
    }

    /// @dev Calldata copied from the mempool does for the account what the account wanted.
    function testFuzz_CopiedCalldataWorksForTheAccountOnly(address copyist) public {
        vm.assume(copyist != ACCOUNT);
        int256 output = Wad.unwrap(consumer.output0(instances)[0]);
        vm.prank(copyist);
        submit();
        assertEqual(Wad.unwrap(consumer.latestOf(ACCOUNT)), output, "recorded for the account");
        assertEqual(Wad.unwrap(consumer.latestOf(copyist)), 0, "nothing for the copyist");
        assertThat(!consumer.isUsed(copyist, NONCE), "nor a nonce used");
    }

    function testFuzz_RevertWhen_TheProofIsClaimedForAnotherAccount(address thief) public {
        vm.assume(thief != ACCOUNT);
        expectContextMismatch(consumer.contextOf(thief, NONCE, DEADLINE));
        vm.prank(thief);
        consumer.submit(proof, instances, thief, NONCE, DEADLINE);
        assertNothingRecorded();
    }

    function testFuzz_RevertWhen_OnlyTheAccountMaySend(address sender) public {
        vm.assume(sender != ACCOUNT);
        bytes memory code = abi.encodePacked(type(OwnSenderConsumer).creationCode, constructorArguments());
        OwnSenderConsumer strict = OwnSenderConsumer(deployAt(InferenceFixture.CONSUMER, code));
        vm.expectRevert(abi.encodeWithSelector(ConsumerBase.NotAccount.selector, sender, ACCOUNT));
        vm.prank(sender);
        strict.submit(proof, instances, ACCOUNT, NONCE, DEADLINE);
        vm.prank(ACCOUNT);
        strict.submit(proof, instances, ACCOUNT, NONCE, DEADLINE);
        assertEqual(strict.count(), 1, "the account may");
    }

    function test_RevertWhen_TheProofIsForAnotherConsumer() public {
        ModelConsumer other = deployConsumer(address(0xc0ffee));
        expectContextMismatch(other.contextOf(ACCOUNT, NONCE, DEADLINE));
        other.submit(proof, instances, ACCOUNT, NONCE, DEADLINE);
        assertEqual(other.count(), 0, "nothing recorded");
    }

    function testFuzz_RevertWhen_TheProofIsForAnotherChain(uint64 chain) public {
        vm.assume(chain != InferenceFixture.CHAIN_ID && chain != 0);
        vm.chainId(chain);
        expectContextMismatch(consumer.contextOf(ACCOUNT, NONCE, DEADLINE));
        submit();
        assertEqual(consumer.count(), 0, "nothing recorded");
    }

    function test_RevertWhen_TheProofHasExpired() public {
        vm.warp(DEADLINE + 1);
        vm.expectRevert(abi.encodeWithSelector(ConsumerBase.ProofExpired.selector, DEADLINE, DEADLINE + 1));
        submit();
        assertNothingRecorded();
        // A later deadline than the proof's is no way out.
        expectContextMismatch(consumer.contextOf(ACCOUNT, NONCE, DEADLINE + 1));
        consumer.submit(proof, instances, ACCOUNT, NONCE, DEADLINE + 1);
        vm.warp(DEADLINE);
        submit();
    }

    function testFuzz_RevertWhen_AnOutputIsTamperedWith(uint256 index, uint256 value) public {
        index = bound(index, ModelInfo.CONTEXT_INDEX + 1, instances.length - 1);
        vm.assume(instances[index] != value);
        uint256[] memory spoilt = ProofMutations.replaceInstance(instances, index, value);
        expectProofRejected(verifier);
        consumer.submit(proof, spoilt, ACCOUNT, NONCE, DEADLINE);
        assertNothingRecorded();
    }

    function test_RevertWhen_TheConsumerIsGivenABadProof() public {
        bytes memory spoilt = ProofMutations.flipBit(proof, 4 * proof.length);
        expectProofRejected(verifier);
        consumer.submit(spoilt, instances, ACCOUNT, NONCE, DEADLINE);
        assertNothingRecorded();
    }

    /// @dev Too little gas must never look like an answer.
    function testFuzz_RevertWhen_GasRunsOut(uint256 gasLimit) public {
        gasLimit = bound(gasLimit, 0, 150_000);
        bytes memory query = abi.encodeCall(consumer.submit, (proof, instances, ACCOUNT, NONCE, DEADLINE));
        (bool success,) = address(consumer).call{gas: gasLimit}(query);
        assertThat(!success, "reverts");
        assertNothingRecorded();
    }

    // Whatever is sent, in whatever order: one accepted proof, one change.

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// @dev Any of the stored proofs, by anybody, sometimes spoilt.
    function handle(uint256 seed) external {
        Inference[] memory inferences = InferenceFixture.all();
        Inference memory one = inferences[seed % inferences.length];
        bool spoilt = (seed >> 8) % 4 == 0;
        if (spoilt) one.proof = ProofMutations.flipBit(one.proof, (seed >> 32) % (8 * proof.length));
        bool fresh = !consumer.isUsed(one.account, one.nonce);
        uint256 before = consumer.count();
        bool accepted = false;
        try consumer.submit(one.proof, one.instances, one.account, one.nonce, one.deadline) {
            accepted = true;
        } catch {}
        assertThat(accepted == (fresh && !spoilt), "a good proof that was not used before, and no other");
        assertEqual(consumer.count(), accepted ? before + 1 : before, "one accepted proof, one change");
    }

    function invariant_OneAcceptedProofOneChange() public view {
        Inference[] memory inferences = InferenceFixture.all();
        uint256 used = 0;
        for (uint256 i = 0; i < inferences.length; ++i) {
            if (consumer.isUsed(inferences[i].account, inferences[i].nonce)) ++used;
        }
        assertEqual(consumer.count(), used, "as many changes as nonces");
    }

    // What must not: proofs and public values that were tampered with.

    function testFuzz_RefusesAnyFlippedBit(uint256 bit) public view {
        assertBadProof(verifier, ProofMutations.flipBit(proof, bound(bit, 0, 8 * proof.length - 1)), instances);
    }

    function testFuzz_RefusesAnyOtherPublicValue(uint256 index, uint256 value) public view {
        index = bound(index, 0, instances.length - 1);
        value %= FIELD_MODULUS;
        vm.assume(instances[index] != value);
        uint256[] memory spoilt = ProofMutations.replaceInstance(instances, index, value);
        assertBadProof(verifier, proof, spoilt, VerifierErrors.ProofInvalid.selector);
    }

    function test_RefusesPublicValuesPlusTheModulus() public view {
        for (uint256 i = 0; i < instances.length && i < 16; ++i) {
            uint256[] memory spoilt = ProofMutations.addModulus(instances, i);
            assertBadProof(verifier, proof, spoilt, VerifierErrors.InstanceNotCanonical.selector);
        }
    }

    function test_RefusesMissingAndExtraPublicValues() public view {
        bytes4 wrongCount = VerifierErrors.InstanceCountInvalid.selector;
        assertBadProof(verifier, proof, ProofMutations.dropInstance(instances), wrongCount);
        assertBadProof(verifier, proof, ProofMutations.appendInstance(instances, 0), wrongCount);
    }

    function testFuzz_RefusesTruncatedAndExtendedProofs(uint256 length, bytes calldata tail) public view {
        bytes4 wrongLength = VerifierErrors.ProofLengthInvalid.selector;
        length = bound(length, 0, proof.length - 1);
        assertBadProof(verifier, ProofMutations.truncate(proof, length), instances, wrongLength);
        vm.assume(tail.length != 0);
        assertBadProof(verifier, ProofMutations.extend(proof, tail), instances, wrongLength);
    }

    function test_RevertWhen_TheDevelopmentVerifierIsUsedOnARealChain() public {
        vm.chainId(1);
        bytes4 developmentOnly = VerifierErrors.DevelopmentOnly.selector;
        expectBadProof(verifier, developmentOnly);
        verifier.verifyProof(proof, instances);
        vm.expectRevert(developmentOnly);
        new DevOnlyHalo2Verifier();
    }
}
