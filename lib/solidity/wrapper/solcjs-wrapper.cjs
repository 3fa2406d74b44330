'use strict';
// The part of solc's command line that build tools use (`--version`, `--standard-json`), over
// `soljson.js` of the npm package `solc`. Sources must be inside the JSON, as build tools send them.
const fs = require('fs');
const path = require('path');

// Where soljson.js is: $SOLCJS_DIR, the folder named in `solcjs-dir` beside this file, node_modules
// beside this file (a copy that stands by itself is of one version, wherever it is run), then
// node_modules of the working folder, of this file's folder, and of all folders above them.
function soljsonPath() {
  const folders = [];
  if (process.env.SOLCJS_DIR) folders.push(process.env.SOLCJS_DIR);
  try {
    folders.push(fs.readFileSync(path.join(__dirname, 'solcjs-dir'), 'utf8').trim());
  } catch (_) { /* optional */ }
  folders.push(path.join(__dirname, 'node_modules', 'solc'));
  for (const start of [process.cwd(), __dirname]) {
    for (let at = start; ; at = path.dirname(at)) {
      folders.push(path.join(at, 'node_modules', 'solc'));
      if (at === path.dirname(at)) break;
    }
  }
  for (const folder of folders) {
    const file = path.join(folder, 'soljson.js');
    if (fs.existsSync(file)) return file;
  }
  process.stderr.write('solc: soljson.js not found; run `npm install solc@0.8.30` or set SOLCJS_DIR\n');
  process.exit(127);
}

// package.json beside soljson.js knows the version; loading 9 MB of WebAssembly for it takes 0.4 s.
function version(file) {
  const load = () => require(file).cwrap('solidity_version', 'string', [])();
  try {
    const manifest = JSON.parse(fs.readFileSync(path.join(path.dirname(file), 'package.json'), 'utf8'));
    if (manifest.name === 'solc' && /^\d+\.\d+\.\d+$/.test(manifest.version)) {
      return `${manifest.version}+commit.00000000.Emscripten.clang`;
    }
  } catch (_) { /* ask the compiler */ }
  return load();
}

// A pipe may take less than all at once, and process.exit would cut the rest off.
function writeAll(text) {
  const bytes = Buffer.from(text, 'utf8');
  let done = 0;
  while (done < bytes.length) {
    try {
      done += fs.writeSync(1, bytes, done);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

const args = process.argv.slice(2);
const takesValue = new Set(['--base-path', '--include-path', '-I', '--allow-paths']);
let input = 0; // standard input
let standardJson = false;
for (let i = 0; i < args.length; i++) {
  const name = args[i].split('=')[0];
  if (name === '--version' || name === '-V') {
    writeAll(`solc, the solidity compiler commandline interface\nVersion: ${version(soljsonPath())}\n`);
    process.exit(0);
  } else if (name === '--standard-json') {
    standardJson = true;
  } else if (takesValue.has(name)) {
    if (!args[i].includes('=')) i++;
  } else if (args[i] === '-') {
    input = 0;
  } else if (!args[i].startsWith('-')) {
    input = args[i];
  } else {
    process.stderr.write(`solc: option ${args[i]} is not supported by the npm compiler's wrapper\n`);
    process.exit(1);
  }
}
if (!standardJson) {
  process.stderr.write('solc: the npm compiler\'s wrapper takes --version and --standard-json\n');
  process.exit(1);
}
const compiler = require(soljsonPath());
const compile = compiler.cwrap('solidity_compile', 'string', ['string', 'number', 'number']);
writeAll(compile(fs.readFileSync(input, 'utf8'), 0, 0) + '\n');
process.exit(0);
