#!/usr/bin/env node
// Runs the commands of docs/walkthrough.md as somebody new to the project would, and puts what they
// print below them: a fresh clone, a home folder with nothing in it, no cache of any kind.
//
//     node tools/walkthrough.mjs           rewrites docs/walkthrough.md
//     node tools/walkthrough.mjs --check   fails where the output is another one, numbers aside
//
// A block marked `console` holds commands after `$ ` and what they print; `console last=8` keeps the
// last lines only, `console only=^ok` those that match. All blocks run in one shell, in order; a command that fails ends it. Every command
// of README.md must be among them.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const page = join(root, "docs/walkthrough.md");
const fail = (message) => {
    console.error(`walkthrough: ${message}`);
    process.exit(1);
};

/** Lines of the page: text, and blocks with their commands. */
function parse(text) {
    const parts = [];
    let block;
    for (const line of text.replace(/\n$/, "").split("\n")) {
        if (block && line === "```") {
            parts.push(block);
            block = undefined;
        } else if (block) {
            if (line.startsWith("$ ")) block.commands.push({ text: line.slice(2), printed: [] });
            else if (block.commands.length === 0) fail(`a block begins with output: ${line}`);
            else block.commands.at(-1).printed.push(line);
        } else if (line.startsWith("```console")) {
            const [last, only] = [/ last=(\d+)/.exec(line), / only=(\S+)/.exec(line)];
            block = { open: line, last: last ? Number(last[1]) : Infinity, only: new RegExp(only?.[1] ?? ""), commands: [] };
        } else parts.push(line);
    }
    if (block) fail("a block has no end");
    return parts;
}

const render = (parts) =>
    parts
        .map((part) =>
            typeof part === "string"
                ? part
                : [part.open, ...part.commands.flatMap(({ text, printed }) => [`$ ${text}`, ...printed]), "```"].join("\n"),
        )
        .join("\n") + "\n";

/** The commands of the README: indented lines, without their comments. */
const promised = readFileSync(join(root, "README.md"), "utf8")
    .split("\n")
    .filter((line) => /^ {4}(make|cargo|hallmark|forge|anvil|cd|cp|export) ?/.test(line))
    .map((line) => line.replace(/ +#.*/, "").trim());

const parts = parse(readFileSync(page, "utf8"));
const commands = parts.flatMap((part) => part.commands ?? []);
for (const command of promised) {
    if (!commands.some(({ text }) => text.replace(/ +#.*/, "") === command)) {
        fail(`README.md says \`${command}\`, docs/walkthrough.md does not run it`);
    }
}

// What a new machine has: the tools that README.md asks for, and nothing of ours.
const home = mkdtempSync(join(tmpdir(), "hallmark-new-user-"));
const clone = join(home, "hallmark");
const environment = { ...process.env, HOME: home, CARGO_HOME: join(home, ".cargo"), LC_ALL: "C.UTF-8", NO_COLOR: "1" };
environment.RUSTUP_HOME ??= join(homedir(), ".rustup");
// Settings of the machine, such as a registry; not a cache.
const npmSettings = join(homedir(), ".npmrc");
if (existsSync(npmSettings)) environment.NPM_CONFIG_USERCONFIG = npmSettings;
for (const name of Object.keys(environment)) {
    if (/^(HALLMARK_|FOUNDRY_|XDG_|CARGO_TARGET_DIR$|MAKE|MFLAGS)/.test(name)) delete environment[name];
}
environment.PATH = environment.PATH.split(":")
    .filter((folder) => !folder.startsWith(root))
    .join(":");
mkdirSync(environment.CARGO_HOME, { recursive: true });
const cloned = spawnSync("git", ["clone", "--quiet", root, clone], { stdio: "inherit" });
if (cloned.status !== 0) fail("git clone failed");

const marker = "--- walkthrough";
const script = commands
    .map(({ text }, index) => `echo '${marker} ${index}'\n${text}\ncode=$?\n[ $code = 0 ] || { echo '${marker} failed' $code; exit $code; }`)
    .join("\n");
const shell = spawnSync("bash", ["-c", `${script}\nkill $(jobs -p) 2>/dev/null\nexit 0`], {
    cwd: clone,
    env: environment,
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 1 << 28,
    encoding: "utf8",
});
const printed = [];
let current;
for (const line of shell.stdout.split("\n")) {
    const started = new RegExp(`^${marker} (\\d+)$`).exec(line);
    if (started) {
        current = [];
        printed[Number(started[1])] = current;
    } else current?.push(line);
}
if (shell.status !== 0) {
    console.error(current?.slice(-40).join("\n"));
    fail(`\`${commands[printed.length - 1]?.text}\` failed in ${clone}`);
}
rmSync(home, { recursive: true, force: true });

const tidy = (line) => line.replaceAll(clone, "~/hallmark").replaceAll(home, "~").trimEnd();
let index = 0;
for (const part of parts) {
    for (const command of part.commands ?? []) {
        const lines = printed[index++].map(tidy);
        while (lines.at(-1) === "") lines.pop();
        command.now = lines.filter((line) => part.only.test(line)).slice(-part.last);
    }
}

// Proofs are random, clocks differ: numbers, addresses and tests' order are not compared.
const shape = (lines) =>
    lines
        .map((line) => line.replace(/0x[0-9a-f]+/gi, "#").replace(/\d[\d,._]*/g, "#").replace(/\b(ns|µs|ms|s)\b/g, "s").replace(/\s+/g, " "))
        .sort()
        .join("\n");
if (process.argv.includes("--check")) {
    const stale = commands.filter(({ printed, now }) => shape(printed) !== shape(now));
    for (const { text, printed, now } of stale) {
        console.error(`$ ${text}\n--- docs/walkthrough.md\n${printed.join("\n")}\n--- printed\n${now.join("\n")}`);
    }
    if (stale.length > 0) fail(`${stale.length} outputs are stale; run node tools/walkthrough.mjs`);
    console.log(`docs/walkthrough.md is up to date: ${commands.length} commands`);
} else {
    for (const command of commands) command.printed = command.now;
    writeFileSync(`${page}.tmp`, render(parts));
    renameSync(`${page}.tmp`, page);
    console.log(`docs/walkthrough.md: ${commands.length} commands`);
}
