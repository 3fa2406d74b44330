// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {HostileVerifier} from "../support/HostileVerifier.sol";
import {ProgrammableVerifier} from "../support/ProgrammableVerifier.sol";
import {IInferenceVerifier} from "hallmark/interfaces/IInferenceVerifier.sol";
import {InferenceContext} from "hallmark/libraries/InferenceContext.sol";
import {HallmarkTest} from "hallmark/testing/HallmarkTest.sol";
import {VerifierErrors} from "hallmark/testing/VerifierErrors.sol";

/// @dev Remembers what its constructor saw.
contract Witness {
    address public immutable SELF = address(this);
    address public immutable DEPLOYER = msg.sender;
    uint256 public stored;
    address public child;

    error Refused(uint256 value);

    constructor(uint256 value) {
        if (value == 0) revert Refused(value);
        stored = value;
        child = address(new Child());
    }
}

contract Child {}

/// @dev Leaves no code behind.
contract Vanishing {
    constructor() {
        // Memory: none; the constructor ends with empty code.
        assembly ("memory-safe") {
            return(0x00, 0x00)
        }
    }
}

/// @dev Says who calls.
contract Callee {
    uint256 public calls;

    error Refused(uint256 value);

    function call(uint256 number) external payable returns (address, address, uint256, uint256) {
        if (number == 0) revert Refused(msg.value);
        ++calls;
        return (msg.sender, tx.origin, msg.value, number);
    }
}

contract HallmarkTestTest is HallmarkTest {
    ProgrammableVerifier private verifier = new ProgrammableVerifier(bytes32(0), bytes32(0));
    bytes private proof = "proof";
    uint256[] private instances = [1, 2, 3];

    function setUp() public {
        verifier.allow(proof, instances);
    }

    function hostile(HostileVerifier.Mode mode) private returns (IInferenceVerifier) {
        return IInferenceVerifier(address(new HostileVerifier(mode, bytes32(0), bytes32(0))));
    }

    // Assertions, called from outside so that their reverts can be expected.

    function callAssertInference(IInferenceVerifier someVerifier, bytes calldata someProof) external view {
        assertInference(someVerifier, someProof, instances);
    }

    function callAssertBadProof(IInferenceVerifier someVerifier, bytes calldata someProof) external view {
        assertBadProof(someVerifier, someProof, instances);
    }

    function callAssertBadProof(IInferenceVerifier someVerifier, bytes calldata someProof, bytes4 expected)
        external
        view
    {
        assertBadProof(someVerifier, someProof, instances, expected);
    }

    function callRequireFreshFixture(bytes32 keyId) external view {
        requireFreshFixture(keyId, verifier);
    }

    function testFuzz_StaleFixturesSayWhatToDo(bytes32 keyId) public {
        this.callRequireFreshFixture(bytes32(0));
        vm.assume(keyId != 0);
        bytes4 stale = HallmarkTest.StaleFixture.selector;
        vm.expectRevert(abi.encodeWithSelector(stale, keyId, bytes32(0), "run: hallmark build"));
        this.callRequireFreshFixture(keyId);
    }

    function callDeployAt(address where, bytes calldata code) external returns (address) {
        return deployAt(where, code);
    }

    function test_AnAcceptedProofIsAnInference() public {
        assertInference(verifier, proof, instances);
        vm.expectRevert(
            abi.encodeWithSelector(
                HallmarkTest.InferenceNotAccepted.selector,
                verifier,
                abi.encodeWithSelector(VerifierErrors.ProofInvalid.selector)
            )
        );
        this.callAssertInference(verifier, "another");
    }

    function test_RevertWhen_AnAnswerOnlyLooksLikeAcceptance() public {
        HostileVerifier.Mode[6] memory modes = [
            HostileVerifier.Mode.ReturnsFalse,
            HostileVerifier.Mode.ReturnsNothing,
            HostileVerifier.Mode.ReturnsTwo,
            HostileVerifier.Mode.Returns31Bytes,
            HostileVerifier.Mode.Returns64Bytes,
            HostileVerifier.Mode.Reverts
        ];
        for (uint256 i = 0; i < modes.length; ++i) {
            IInferenceVerifier bad = hostile(modes[i]);
            vm.expectPartialRevert(HallmarkTest.InferenceNotAccepted.selector);
            this.callAssertInference(bad, proof);
        }
        vm.expectPartialRevert(HallmarkTest.InferenceNotAccepted.selector);
        this.callAssertInference(IInferenceVerifier(address(0xdead)), proof);
    }

    function test_ABadProofIsRefusedForTheExpectedReason() public {
        assertBadProof(verifier, "another", instances);
        assertBadProof(verifier, "another", instances, VerifierErrors.ProofInvalid.selector);

        bytes memory reason = abi.encodeWithSelector(VerifierErrors.ProofInvalid.selector);
        bytes4 other = VerifierErrors.PointInvalid.selector;
        vm.expectRevert(abi.encodeWithSelector(HallmarkTest.RefusedOtherwise.selector, verifier, reason, other));
        this.callAssertBadProof(verifier, "another", other);
        vm.expectRevert(abi.encodeWithSelector(HallmarkTest.BadProofAccepted.selector, verifier));
        this.callAssertBadProof(verifier, proof);
        vm.expectRevert(abi.encodeWithSelector(HallmarkTest.BadProofAccepted.selector, verifier));
        this.callAssertBadProof(verifier, proof, VerifierErrors.ProofInvalid.selector);
    }

    /// @dev A revert without a reason, such as that of too little gas, is no refusal of a proof.
    function test_RevertWhen_TheRefusalHasNoReason() public {
        IInferenceVerifier bad = hostile(HostileVerifier.Mode.Reverts);
        vm.expectPartialRevert(HallmarkTest.RefusedOtherwise.selector);
        this.callAssertBadProof(bad, proof);
        vm.expectPartialRevert(HallmarkTest.RefusedOtherwise.selector);
        this.callAssertBadProof(bad, proof, VerifierErrors.ProofInvalid.selector);
        vm.expectPartialRevert(HallmarkTest.RefusedOtherwise.selector);
        this.callAssertBadProof(bad, proof, bytes4(0));
    }

    function test_ExpectBadProofNamesTheVerifier() public {
        expectBadProof(verifier, VerifierErrors.ProofInvalid.selector);
        verifier.verifyProof("another", instances);
    }

    function test_ErrorsOfAChainAreNoErrorsOfAProof() public pure {
        assertThat(isBadProofError(VerifierErrors.ProofInvalid.selector), "of a proof");
        assertThat(!isBadProofError(VerifierErrors.DevelopmentOnly.selector), "of a chain");
        assertThat(!isBadProofError(VerifierErrors.PrecompileFailed.selector), "of a chain");
        assertThat(!isBadProofError(VerifierErrors.MemoryReserved.selector), "of a compiler");
        assertThat(!isBadProofError(bytes4(0)), "of nobody");
    }

    // Deployment.

    function testFuzz_DeploysAnywhere(address where, uint256 value) public {
        vm.assume(uint160(where) > 0xffff && where.code.length == 0 && where != address(vm));
        vm.assume(vm.getNonce(where) == 0);
        value = bound(value, 1, type(uint256).max);
        address deployed = deployAt(where, abi.encodePacked(type(Witness).creationCode, abi.encode(value)));
        assertEqual(deployed, where, "where");
        Witness witness = Witness(where);
        assertEqual(witness.SELF(), where, "address(this)");
        assertEqual(witness.DEPLOYER(), address(this), "msg.sender");
        assertEqual(witness.stored(), value, "storage");
        assertThat(witness.child().code.length != 0, "a child");
        assertEqual(vm.getNonce(where), 2, "one from the start, one more for the child");
        assertEqual(where.code.length, address(new Witness(value)).code.length, "code");
    }

    function test_RevertWhen_TheConstructorReverts() public {
        bytes memory code = abi.encodePacked(type(Witness).creationCode, abi.encode(0));
        vm.expectRevert(abi.encodeWithSelector(Witness.Refused.selector, 0));
        this.callDeployAt(address(0x123456), code);
    }

    function test_RevertWhen_NothingIsDeployed() public {
        vm.expectRevert(abi.encodeWithSelector(HallmarkTest.NothingDeployed.selector, address(0x123456)));
        this.callDeployAt(address(0x123456), type(Vanishing).creationCode);
    }

    // Fresh proofs.

    function context() private pure returns (Context memory) {
        return Context(31337, address(0xc0), address(0xacc), 7, 4_102_444_800);
    }

    // Transactions.

    function testFuzz_TransactsAsTheAccount(uint256 number, uint96 value) public {
        number = bound(number, 1, type(uint256).max);
        Callee callee = new Callee();
        address from = address(0xa11ce);
        vm.deal(address(this), value);
        vm.deal(from, value);
        bytes memory answer = transact("any", from, address(callee), value, abi.encodeCall(Callee.call, (number)));
        assertEqual(answer, abi.encode(from, from, value, number), "sender, origin, value, number");
        assertEqual(callee.calls(), 1, "once");
        assertEqual(from.balance, 0, "it paid");
        assertEqual(address(this).balance, value, "the test did not");
    }

    function callTransact(address to, uint256 value) external {
        transact("any", address(0xa11ce), to, value, abi.encodeCall(Callee.call, (0)));
    }

    function test_RevertWhen_TheTransactionReverts() public {
        Callee callee = new Callee();
        vm.deal(address(0xa11ce), 5);
        vm.expectRevert(abi.encodeWithSelector(Callee.Refused.selector, 5));
        this.callTransact(address(callee), 5);
    }

    function test_HashOfAContext() public pure {
        assertEqual(
            hashOf(context()), InferenceContext.hash(31337, address(0xc0), address(0xacc), 7, 4_102_444_800), "context"
        );
    }

    function test_TheCommandsAreWhatIsDocumented() public view {
        string memory program = vm.envOr("HALLMARK", string("hallmark"));
        assertEqual(
            bytes(join(proveCommand("in.json", "out.proof", context()))),
            abi.encodePacked(
                program,
                " --json prove --input in.json --out out.proof --chain-id 31337",
                " --consumer ",
                vm.toString(address(0xc0)),
                " --account ",
                vm.toString(address(0xacc)),
                " --nonce 7 --deadline 4102444800"
            ),
            "prove"
        );
        assertEqual(
            bytes(join(exportCommand("out.proof"))),
            abi.encodePacked(program, " --json export proof --proof out.proof"),
            "export"
        );
    }

    function join(string[] memory words) private pure returns (string memory line) {
        line = words[0];
        for (uint256 i = 1; i < words.length; ++i) {
            line = string.concat(line, " ", words[i]);
        }
    }

    function testFuzz_DecodesTheExportedJson(bytes memory someProof, uint256[] memory someInstances) public pure {
        string memory list = "";
        for (uint256 i = 0; i < someInstances.length; ++i) {
            list = string.concat(list, i == 0 ? '"' : ', "', vm.toString(bytes32(someInstances[i])), '"');
        }
        string memory json =
            string.concat('{"proof": "', vm.toString(someProof), '", "instances": [', list, '], "more": {"k": 8}}');
        (bytes memory decodedProof, uint256[] memory decodedInstances) = decodeProof(json);
        assertEqual(decodedProof, someProof, "proof");
        assertEqual(abi.encode(decodedInstances), abi.encode(someInstances), "instances");
    }

    /// @dev With HALLMARK_FFI=true and forge's `--ffi`, in a project: a proof by the program itself.
    function test_ProvesWithTheProgram() public {
        if (!vm.envOr("HALLMARK_FFI", false)) {
            vm.skip(true);
            return;
        }
        (bytes memory fresh, uint256[] memory values) = proveFile(vm.envString("HALLMARK_INPUT"), context());
        assertThat(fresh.length != 0, "a proof");
        assertEqual(values[InferenceContext.INDEX], hashOf(context()), "bound to the context");
    }
}
