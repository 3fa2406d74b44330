// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {ModelConsumer} from "../src/ModelConsumer.sol";
import {ModelInfo} from "../src/ModelInfo.sol";
import {DevOnlyHalo2Verifier} from "../src/Verifier.sol";
import {IInferenceVerifier} from "hallmark/interfaces/IInferenceVerifier.sol";
import {Vm} from "hallmark/testing/Vm.sol";

/// @title Deploys the verifier and its consumer
/// @dev forge script script/Deploy.s.sol --rpc-url <URL> --broadcast. Proofs are then made for this chain
/// and the consumer's address: both are part of what a proof is bound to.
contract Deploy {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    function run() external returns (IInferenceVerifier verifier, ModelConsumer consumer) {
        vm.startBroadcast();
        verifier = IInferenceVerifier(address(new DevOnlyHalo2Verifier()));
        // From the build, not from the chain: what is deployed is compared with it.
        bytes32 codeHash = keccak256(type(DevOnlyHalo2Verifier).runtimeCode);
        consumer = new ModelConsumer(verifier, codeHash, ModelInfo.VERIFYING_KEY_ID, ModelInfo.SRS_ID);
        vm.stopBroadcast();
    }
}
