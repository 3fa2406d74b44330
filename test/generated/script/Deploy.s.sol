// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {ModelConsumer} from "../src/ModelConsumer.sol";
import {ModelInfo} from "../src/ModelInfo.sol";
import {DevOnlyHalo2Verifier} from "../src/Verifier.sol";
import {IInferenceVerifier} from "hallmark/interfaces/IInferenceVerifier.sol";
import {Vm} from "hallmark/testing/Vm.sol";

/// @title Deploys the verifier and its consumer
/// @dev forge script script/Deploy.s.sol --rpc-url <URL> --broadcast, with SUBMITTER set to the account
/// whose inferences the consumer records (default: the deployer).
contract Deploy {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    function run() external returns (IInferenceVerifier verifier, ModelConsumer consumer) {
        address submitter = vm.envOr("SUBMITTER", msg.sender);
        vm.startBroadcast();
        verifier = IInferenceVerifier(address(new DevOnlyHalo2Verifier()));
        bytes32 codeHash = keccak256(type(DevOnlyHalo2Verifier).runtimeCode);
        consumer = new ModelConsumer(verifier, codeHash, ModelInfo.VERIFYING_KEY_ID, ModelInfo.SRS_ID, submitter);
        vm.stopBroadcast();
    }
}
