// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {CountingConsumer, OpenConsumer, OpenRegistryConsumer} from "../support/OpenConsumer.sol";
import {ProgrammableVerifier} from "../support/ProgrammableVerifier.sol";
import {IModelRegistry} from "hallmark/interfaces/IModelRegistry.sol";
import {ModelRegistry} from "hallmark/registry/ModelRegistry.sol";
import {HallmarkTest} from "hallmark/testing/HallmarkTest.sol";
import {ProofMutations} from "hallmark/testing/ProofMutations.sol";
import {FIELD_MODULUS} from "hallmark/types/FieldElement.sol";

/// @dev Everything that an attacker can do to a consumer, and the book that an honest observer
/// keeps. Few accounts, nonces and deadlines, so that sequences meet.
contract ConsumerHandler is HallmarkTest {
    struct Statement {
        bytes proof;
        uint256[] instances;
        address account;
        uint256 nonce;
        uint256 deadline;
    }

    CountingConsumer private immutable CONSUMER;
    ProgrammableVerifier private immutable VERIFIER;

    Statement[] private _statements;
    mapping(address account => mapping(uint256 nonce => uint256)) public accepted;
    mapping(address account => mapping(uint256 nonce => bool)) public cancelled;
    mapping(address account => uint256) public acceptedOf;
    uint256 public acceptedInAll;

    constructor(CountingConsumer consumer, ProgrammableVerifier verifier) {
        CONSUMER = consumer;
        VERIFIER = verifier;
    }

    function accountOf(uint256 seed) public pure returns (address) {
        // At most 0xacc2.
        // forge-lint: disable-next-line(unsafe-typecast)
        return address(uint160(0xacc0 + seed % 3));
    }

    function pick(uint256 seed) private view returns (Statement memory) {
        return _statements[seed % _statements.length];
    }

    /// @dev Sends a statement and writes down what came of it.
    function send(address sender, Statement memory s) private returns (bool success) {
        vm.prank(sender);
        try CONSUMER.use(s.proof, s.instances, s.account, s.nonce, s.deadline) {
            success = true;
            ++accepted[s.account][s.nonce];
            ++acceptedOf[s.account];
            ++acceptedInAll;
        } catch {}
    }

    /// @dev An honest prover makes a proof. The same statement may get another proof, and the same
    /// nonce another statement.
    function issue(uint256 account, uint256 nonce, uint256 deadline, uint256 output, uint256 salt) external {
        Statement memory s;
        s.account = accountOf(account);
        s.nonce = nonce % 4;
        s.deadline = block.timestamp + deadline % 100;
        s.instances = new uint256[](2);
        s.instances[0] = CONSUMER.contextOf(s.account, s.nonce, s.deadline);
        s.instances[1] = output % 3;
        s.proof = abi.encodePacked("proof", salt % 3, keccak256(abi.encode(s.instances)));
        VERIFIER.allow(s.proof, s.instances);
        _statements.push(s);
    }

    /// @dev Anybody sends a proof that was made, again and again.
    function relay(uint256 index, address sender) external {
        if (_statements.length == 0) return;
        Statement memory s = pick(index);
        // The clock here is the test's own.
        // forge-lint: disable-next-line(block-timestamp)
        bool due = s.deadline >= block.timestamp;
        bool expected = due && accepted[s.account][s.nonce] == 0 && !cancelled[s.account][s.nonce];
        assertThat(send(sender, s) == expected, "accepted when it should be, and only then");
    }

    /// @dev Whoever copies a proof claims it for another account, nonce or deadline.
    function steal(uint256 index, uint256 account, uint256 nonce, uint256 deadline, address sender) external {
        if (_statements.length == 0) return;
        Statement memory s = pick(index);
        bytes32 before = keccak256(abi.encode(s));
        (s.account, s.nonce) = (accountOf(account), nonce % 4);
        if (deadline % 2 == 0) s.deadline = block.timestamp + deadline % 100;
        if (keccak256(abi.encode(s)) == before) return;
        assertThat(!send(sender, s), "a claim for somebody else is refused");
    }

    /// @dev Or changes the proof or its public values.
    function mutate(uint256 index, uint256 seed, address sender) external {
        if (_statements.length == 0) return;
        Statement memory s = pick(index);
        uint256 kind = seed % 5;
        seed /= 5;
        if (kind == 0) s.proof = ProofMutations.flipBit(s.proof, seed % (8 * s.proof.length));
        if (kind == 1) s.proof = ProofMutations.truncate(s.proof, seed % s.proof.length);
        if (kind == 2) s.proof = ProofMutations.extend(s.proof, abi.encode(seed));
        if (kind == 3) s.instances = ProofMutations.addModulus(s.instances, seed % 2);
        if (kind == 4) s.instances = ProofMutations.replaceInstance(s.instances, seed % 2, FIELD_MODULUS - 1);
        assertThat(!send(sender, s), "a spoilt proof is refused");
    }

    /// @dev A proof for one nonce sent with the context of another that is due.
    function graft(uint256 index, uint256 other, address sender) external {
        if (_statements.length == 0) return;
        Statement memory s = pick(index);
        Statement memory donor = pick(other);
        if (keccak256(abi.encode(s.instances)) == keccak256(abi.encode(donor.instances))) return;
        (s.instances, s.account, s.nonce, s.deadline) = (donor.instances, donor.account, donor.nonce, donor.deadline);
        assertThat(!send(sender, s), "another statement's proof is refused");
    }

    function cancel(uint256 account, uint256 nonce) external {
        (address who, uint256 which) = (accountOf(account), nonce % 4);
        bool free = accepted[who][which] == 0 && !cancelled[who][which];
        vm.prank(who);
        try CONSUMER.cancelNonce(which) {
            assertThat(free, "only a free nonce can be cancelled");
            cancelled[who][which] = true;
        } catch {
            assertThat(!free, "a free nonce can be cancelled");
        }
    }

    function pass(uint256 time) external {
        vm.warp(block.timestamp + time % 60);
    }
}

/// @dev One accepted proof, one state change.
abstract contract OnceInvariant is HallmarkTest {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    CountingConsumer private consumer;
    ConsumerHandler private handler;

    function deploy(ProgrammableVerifier verifier) internal virtual returns (CountingConsumer);

    function setUp() public {
        ProgrammableVerifier verifier = new ProgrammableVerifier("key", "srs");
        consumer = deploy(verifier);
        handler = new ConsumerHandler(consumer, verifier);
    }

    /// @dev Forge asks which contracts to call.
    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// @dev Forge asks which of their functions.
    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        bytes4[] memory selectors = new bytes4[](9);
        selectors[0] = handler.issue.selector;
        selectors[1] = handler.issue.selector;
        selectors[2] = handler.relay.selector;
        selectors[3] = handler.relay.selector;
        selectors[4] = handler.steal.selector;
        selectors[5] = handler.mutate.selector;
        selectors[6] = handler.graft.selector;
        selectors[7] = handler.cancel.selector;
        selectors[8] = handler.pass.selector;
        targets[0] = FuzzSelector(address(handler), selectors);
    }

    function invariant_OneAcceptedProofIsOneStateChange() public view {
        assertEqual(consumer.uses(), handler.acceptedInAll(), "state changes");
        for (uint256 i = 0; i < 3; ++i) {
            address account = handler.accountOf(i);
            assertEqual(consumer.usesOf(account), handler.acceptedOf(account), "state changes of an account");
            for (uint256 nonce = 0; nonce < 4; ++nonce) {
                uint256 times = handler.accepted(account, nonce);
                bool isCancelled = handler.cancelled(account, nonce);
                assertThat(times <= 1, "a nonce is accepted once");
                assertThat(times == 0 || !isCancelled, "a cancelled nonce is not accepted");
                assertThat(consumer.isUsed(account, nonce) == (times == 1 || isCancelled), "used up");
            }
        }
    }
}

contract InferenceConsumerInvariant is OnceInvariant {
    function deploy(ProgrammableVerifier verifier) internal override returns (CountingConsumer) {
        return new OpenConsumer(verifier, address(verifier).codehash, "key", "srs");
    }
}

contract RegistryConsumerInvariant is OnceInvariant {
    function deploy(ProgrammableVerifier verifier) internal override returns (CountingConsumer) {
        ModelRegistry registry = new ModelRegistry(address(this), address(this), 1 days);
        bytes32 codeHash = address(verifier).codehash;
        registry.registerModel(
            "model", IModelRegistry.Version(address(verifier), codeHash, "key", "srs", "outputs", ""), ""
        );
        return new OpenRegistryConsumer(registry, "model", "srs", "outputs");
    }
}
