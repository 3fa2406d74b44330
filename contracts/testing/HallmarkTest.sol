// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {IInferenceVerifier} from "../interfaces/IInferenceVerifier.sol";
import {InferenceContext} from "../libraries/InferenceContext.sol";
import {PinnedVerifier} from "../libraries/PinnedVerifier.sol";
import {AccountRecord, TransactionRecord} from "./TransactionRecord.sol";
import {VerifierErrors} from "./VerifierErrors.sol";
import {Vm} from "./Vm.sol";

/// @title Test base without dependencies
/// @notice Assertions and cheat codes for `forge test`: a contract whose functions start with `test`
/// needs nothing else. It lives happily beside forge-std. Ways to spoil a proof are in
/// `ProofMutations`.
abstract contract HallmarkTest {
    /// @dev What a proof is bound to: the arguments of `InferenceContext.hash`.
    struct Context {
        uint256 chainId;
        address consumer;
        address account;
        uint256 nonce;
        uint256 deadline;
    }

    /// @dev Where forge answers cheat codes.
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    /// @notice A transaction for `hallmark gas --transaction` to run and to measure.
    event TransactionRecorded(string name, TransactionRecord record);

    /*------------------------------------------------------------*/
    /* Errors                                                     */
    /*------------------------------------------------------------*/

    /// @notice Two values that should be equal are not.
    error NotEqual(string what, bytes32 found, bytes32 expected);

    /// @notice Two texts or byte strings that should be equal are not.
    error NotEqualBytes(string what, bytes found, bytes expected);

    /// @notice Something that should hold does not.
    error DoesNotHold(string what);

    /// @notice The stored proofs are for another verifying key than the verifier's.
    error StaleFixture(bytes32 found, bytes32 expected, string mend);

    /// @notice The verifier does not accept a proof that it should accept.
    error InferenceNotAccepted(address verifier, bytes answer);

    /// @notice The verifier accepts a proof that it should refuse.
    error BadProofAccepted(address verifier);

    /// @notice The verifier refuses a proof with another error than the expected one.
    error RefusedOtherwise(address verifier, bytes found, bytes4 expected);

    /// @notice The creation code left no code behind.
    error NothingDeployed(address where);

    /*------------------------------------------------------------*/
    /* Assertions                                                 */
    /*------------------------------------------------------------*/

    function assertThat(bool condition, string memory what) internal pure {
        if (!condition) revert DoesNotHold(what);
    }

    function assertEqual(bytes32 found, bytes32 expected, string memory what) internal pure {
        if (found != expected) revert NotEqual(what, found, expected);
    }

    function assertEqual(uint256 found, uint256 expected, string memory what) internal pure {
        if (found != expected) revert NotEqual(what, bytes32(found), bytes32(expected));
    }

    function assertEqual(int256 found, int256 expected, string memory what) internal pure {
        // The bits are compared, whatever they stand for.
        // forge-lint: disable-next-line(unsafe-typecast)
        assertEqual(uint256(found), uint256(expected), what);
    }

    function assertEqual(address found, address expected, string memory what) internal pure {
        assertEqual(uint256(uint160(found)), uint256(uint160(expected)), what);
    }

    function assertEqual(bytes memory found, bytes memory expected, string memory what) internal pure {
        if (keccak256(found) != keccak256(expected)) revert NotEqualBytes(what, found, expected);
    }

    /// @dev A value between two bounds, both included, from any fuzzed value.
    function bound(uint256 value, uint256 low, uint256 high) internal pure returns (uint256) {
        assertThat(low <= high, "bounds in order");
        uint256 span = high - low;
        return span == type(uint256).max ? value : low + value % (span + 1);
    }

    /*------------------------------------------------------------*/
    /* Verifiers                                                  */
    /*------------------------------------------------------------*/

    /// @dev The stored proofs are of this verifier: to be asked first, since what a stale proof fails
    /// with later says nothing of why. `hallmark build` makes them again.
    /// @param fixtureKeyId The verifying key that the stored proofs are for.
    /// @param verifier The verifier of the build.
    function requireFreshFixture(bytes32 fixtureKeyId, IInferenceVerifier verifier) internal view {
        bytes32 keyId = verifier.VERIFYING_KEY_ID();
        if (fixtureKeyId != keyId) revert StaleFixture(fixtureKeyId, keyId, "run: hallmark build");
    }

    /// @dev The verifier answers with the one word that means true.
    function assertInference(IInferenceVerifier verifier, bytes memory proof, uint256[] memory instances)
        internal
        view
    {
        // A call to an address without code succeeds too, and answers nothing.
        (bool success, bytes memory answer) = _ask(verifier, proof, instances);
        if (!success || answer.length != 32 || abi.decode(answer, (uint256)) != 1) {
            revert InferenceNotAccepted(address(verifier), answer);
        }
    }

    /// @dev The verifier refuses with exactly this error. Running out of gas is no refusal.
    function assertBadProof(
        IInferenceVerifier verifier,
        bytes memory proof,
        uint256[] memory instances,
        bytes4 expected
    ) internal view {
        bytes memory reason = _refusal(verifier, proof, instances);
        if (reason.length != 4 || _selector(reason) != expected) {
            revert RefusedOtherwise(address(verifier), reason, expected);
        }
    }

    /// @dev The verifier refuses with one of the errors by which generated verifiers call a proof,
    /// or its public values, bad: which one depends on where a mutation happened to hit.
    function assertBadProof(IInferenceVerifier verifier, bytes memory proof, uint256[] memory instances) internal view {
        bytes memory reason = _refusal(verifier, proof, instances);
        if (reason.length != 4 || !isBadProofError(_selector(reason))) {
            revert RefusedOtherwise(address(verifier), reason, VerifierErrors.ProofInvalid.selector);
        }
    }

    /// @dev The next call to a generated verifier must revert with this error.
    function expectBadProof(IInferenceVerifier verifier, bytes4 selector) internal {
        vm.expectRevert(selector, address(verifier));
    }

    /// @dev The next call to a consumer must revert because its verifier refuses the proof.
    function expectProofRejected(IInferenceVerifier verifier) internal {
        vm.expectRevert(abi.encodeWithSelector(PinnedVerifier.ProofRejected.selector, address(verifier)));
    }

    /// @dev Whether an error of a generated verifier says that the proof or its public values are
    /// bad, rather than that something is wrong with the chain or the caller.
    function isBadProofError(bytes4 selector) internal pure returns (bool) {
        return selector == VerifierErrors.ProofLengthInvalid.selector
            || selector == VerifierErrors.InstanceCountInvalid.selector
            || selector == VerifierErrors.CalldataLayoutInvalid.selector
            || selector == VerifierErrors.PointInvalid.selector
            || selector == VerifierErrors.ScalarNotCanonical.selector
            || selector == VerifierErrors.InstanceNotCanonical.selector
            || selector == VerifierErrors.ChallengeDegenerate.selector
            || selector == VerifierErrors.ProofInvalid.selector;
    }

    /*------------------------------------------------------------*/
    /* Deployment                                                 */
    /*------------------------------------------------------------*/

    /// @dev Deploys a contract at an address of choice. A proof is bound to its consumer's address,
    /// which is thus part of a recorded proof.
    ///
    ///     deployAt(where, abi.encodePacked(type(C).creationCode, abi.encode(argument)))
    ///
    /// The constructor runs at that address, so that what it stores and what it takes for
    /// `address(this)` are right; `msg.sender` is the test. If it reverts, so does this, with its
    /// reason.
    /// @param where The address.
    /// @param creationCodeWithArguments Creation code, then the constructor's encoded arguments.
    /// @return The same address.
    function deployAt(address where, bytes memory creationCodeWithArguments) internal returns (address) {
        // Contracts count from one; creating another must not start at zero.
        if (vm.getNonce(where) == 0) vm.setNonce(where, 1);
        vm.etch(where, creationCodeWithArguments);
        (bool success, bytes memory answer) = where.call("");
        if (!success) {
            // Memory: reads `answer`, and execution ends.
            assembly ("memory-safe") {
                revert(add(answer, 0x20), mload(answer))
            }
        }
        if (answer.length == 0) revert NothingDeployed(where);
        vm.etch(where, answer);
        return where;
    }

    /*------------------------------------------------------------*/
    /* Gas                                                        */
    /*------------------------------------------------------------*/

    /// @dev Sends a transaction, and has `hallmark gas --transaction NAME` measure it: by phase, function
    /// and line, and its price on every network. Calls count in functions whose name starts with
    /// `test_Gas`. The setting is whatever the test has made of it.
    ///
    ///     function test_GasOfBorrowing() public {
    ///         transact("borrow", ACCOUNT, address(pool), 0, abi.encodeCall(Pool.borrow, (amount)));
    ///     }
    ///
    /// @param name Its name: letters, digits, `-` and `_`.
    /// @param from Who sends it, an account without code.
    /// @param to The contract.
    /// @param value Its value, in wei.
    /// @param data The calldata.
    /// @return answer What the contract returned. If it reverts, so does this, with its reason.
    function transact(string memory name, address from, address to, uint256 value, bytes memory data)
        internal
        returns (bytes memory answer)
    {
        if (vm.envOr("HALLMARK_RECORD_TRANSACTIONS", false)) {
            uint256 before = vm.snapshotState();
            vm.startStateDiffRecording();
            _transact(from, to, value, data);
            Vm.AccountAccess[] memory accesses = vm.stopAndReturnStateDiff();
            // Back to what the transaction found.
            assertThat(vm.revertToState(before), "the state before the transaction");
            TransactionRecord memory record = TransactionRecord(
                from, to, value, data, block.chainid, block.timestamp, block.number, new AccountRecord[](0)
            );
            record.accounts = _accounts(accesses, from, to);
            emit TransactionRecorded(name, record);
        }
        return _transact(from, to, value, data);
    }

    /*------------------------------------------------------------*/
    /* Fresh proofs                                               */
    /*------------------------------------------------------------*/

    /// @dev Makes a proof of an inference, with the `hallmark` program. Needs in foundry.toml:
    ///
    ///     ffi = true
    ///     fs_permissions = [{ access = "read-write", path = "cache" }]
    ///
    /// The environment variable HALLMARK may name the program. Seconds per proof: for one that never
    /// changes, rather use the recorded one.
    /// @param inputJson The input, as `hallmark prove --input` reads it.
    /// @param context What to bind the proof to.
    function prove(string memory inputJson, Context memory context)
        internal
        returns (bytes memory proof, uint256[] memory instances)
    {
        string memory path = string.concat("cache/hallmark-", vm.toString(keccak256(bytes(inputJson))), ".input.json");
        // What is written is what the caller gave, to a directory that forge itself fills.
        // forge-lint: disable-next-line(unsafe-cheatcode)
        vm.writeFile(path, inputJson);
        return proveFile(path, context);
    }

    /// @dev As `prove`, of an input in a file. Needs `ffi = true` in foundry.toml and nothing else.
    function proveFile(string memory inputPath, Context memory context)
        internal
        returns (bytes memory proof, uint256[] memory instances)
    {
        bytes32 name = keccak256(abi.encode(inputPath, context));
        string memory proofPath = string.concat("cache/hallmark-", vm.toString(name), ".proof");
        // Running a program is what this function is for; forge asks the person to allow it.
        // forge-lint: disable-next-line(unsafe-cheatcode)
        vm.ffi(proveCommand(inputPath, proofPath, context));
        // forge-lint: disable-next-line(unsafe-cheatcode)
        return decodeProof(string(vm.ffi(exportCommand(proofPath))));
    }

    /// @dev The command that makes a proof.
    ///
    ///     hallmark --json prove --input FILE --out FILE
    ///         --chain-id N --consumer A --account A --nonce N --deadline N
    ///
    function proveCommand(string memory inputPath, string memory proofPath, Context memory context)
        internal
        view
        returns (string[] memory command)
    {
        command = new string[](17);
        command[0] = vm.envOr("HALLMARK", string("hallmark"));
        command[1] = "--json";
        command[2] = "prove";
        command[3] = "--input";
        command[4] = inputPath;
        command[5] = "--out";
        command[6] = proofPath;
        command[7] = "--chain-id";
        command[8] = vm.toString(context.chainId);
        command[9] = "--consumer";
        command[10] = vm.toString(context.consumer);
        command[11] = "--account";
        command[12] = vm.toString(context.account);
        command[13] = "--nonce";
        command[14] = vm.toString(context.nonce);
        command[15] = "--deadline";
        command[16] = vm.toString(context.deadline);
    }

    /// @dev The command that prints a proof as JSON: `hallmark --json export proof --proof FILE`.
    function exportCommand(string memory proofPath) internal view returns (string[] memory command) {
        command = new string[](6);
        command[0] = vm.envOr("HALLMARK", string("hallmark"));
        command[1] = "--json";
        command[2] = "export";
        command[3] = "proof";
        command[4] = "--proof";
        command[5] = proofPath;
    }

    /// @dev Reads `{"proof": "0x…", "instances": ["0x…", …]}`, where every instance has 32 bytes.
    function decodeProof(string memory json) internal pure returns (bytes memory proof, uint256[] memory instances) {
        proof = vm.parseJsonBytes(json, ".proof");
        bytes32[] memory words = vm.parseJsonBytes32Array(json, ".instances");
        instances = new uint256[](words.length);
        for (uint256 i = 0; i < words.length; ++i) {
            instances[i] = uint256(words[i]);
        }
    }

    /// @dev The public value that a proof for this context has.
    function hashOf(Context memory context) internal pure returns (uint256) {
        return
            InferenceContext.hash(context.chainId, context.consumer, context.account, context.nonce, context.deadline);
    }

    /*------------------------------------------------------------*/
    /* Details                                                    */
    /*------------------------------------------------------------*/

    function _transact(address from, address to, uint256 value, bytes memory data)
        private
        returns (bytes memory answer)
    {
        bool success;
        vm.prank(from, from);
        (success, answer) = to.call{value: value}(data);
        if (!success) {
            // Memory: reads `answer`, and execution ends.
            assembly ("memory-safe") {
                revert(add(answer, 0x20), mload(answer))
            }
        }
    }

    /// @dev The accounts in `accesses`, `from` and `to`, each once, as they are now, with the slots that
    /// were accessed. Precompiles have neither code nor storage and are left out, as is forge itself.
    function _accounts(Vm.AccountAccess[] memory accesses, address from, address to)
        private
        view
        returns (AccountRecord[] memory accounts)
    {
        uint256 most = 2;
        for (uint256 i = 0; i < accesses.length; ++i) {
            most += 1 + accesses[i].storageAccesses.length;
        }
        address[] memory found = new address[](most);
        uint256 count = _insert(found, 0, from);
        count = _insert(found, count, to);
        for (uint256 i = 0; i < accesses.length; ++i) {
            count = _insert(found, count, accesses[i].account);
            Vm.StorageAccess[] memory slots = accesses[i].storageAccesses;
            for (uint256 j = 0; j < slots.length; ++j) {
                count = _insert(found, count, slots[j].account);
            }
        }
        accounts = new AccountRecord[](count);
        for (uint256 i = 0; i < count; ++i) {
            accounts[i] = _account(found[i], accesses);
        }
    }

    /// @dev An account as it is now, with those of its slots that are in `accesses`.
    function _account(address account, Vm.AccountAccess[] memory accesses)
        private
        view
        returns (AccountRecord memory record)
    {
        uint256 most = 0;
        for (uint256 i = 0; i < accesses.length; ++i) {
            most += accesses[i].storageAccesses.length;
        }
        bytes32[] memory slots = new bytes32[](most);
        uint256 count = 0;
        for (uint256 i = 0; i < accesses.length; ++i) {
            Vm.StorageAccess[] memory some = accesses[i].storageAccesses;
            for (uint256 j = 0; j < some.length; ++j) {
                if (some[j].account == account) count = _insert(slots, count, some[j].slot);
            }
        }
        record.account = account;
        record.balance = account.balance;
        record.nonce = vm.getNonce(account);
        record.code = account.code;
        record.slots = new bytes32[](count);
        record.values = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            record.slots[i] = slots[i];
            record.values[i] = vm.load(account, slots[i]);
        }
    }

    /// @dev Appends an address to the first `count` of `list` unless it is there, a precompile's or
    /// forge's. Returns how many there are then.
    function _insert(address[] memory list, uint256 count, address account) private pure returns (uint256) {
        if (uint160(account) <= type(uint16).max || account == address(vm)) return count;
        for (uint256 i = 0; i < count; ++i) {
            if (list[i] == account) return count;
        }
        list[count] = account;
        return count + 1;
    }

    /// @dev Appends a slot to the first `count` of `list` unless it is there. Returns how many there are
    /// then.
    function _insert(bytes32[] memory list, uint256 count, bytes32 slot) private pure returns (uint256) {
        for (uint256 i = 0; i < count; ++i) {
            if (list[i] == slot) return count;
        }
        list[count] = slot;
        return count + 1;
    }

    function _ask(IInferenceVerifier verifier, bytes memory proof, uint256[] memory instances)
        private
        view
        returns (bool success, bytes memory answer)
    {
        return address(verifier).staticcall(abi.encodeCall(IInferenceVerifier.verifyProof, (proof, instances)));
    }

    function _refusal(IInferenceVerifier verifier, bytes memory proof, uint256[] memory instances)
        private
        view
        returns (bytes memory reason)
    {
        bool success;
        (success, reason) = _ask(verifier, proof, instances);
        // An answer that is not true is no acceptance, but generated verifiers never give one.
        if (success) revert BadProofAccepted(address(verifier));
    }

    function _selector(bytes memory reason) private pure returns (bytes4) {
        // Callers have checked that there are four bytes.
        // forge-lint: disable-next-line(unsafe-typecast)
        return bytes4(reason);
    }
}
