'use strict';
// The part of solc's command line that forge and foundry-compilers use: --version and
// --standard-json, with --base-path, --include-path and --allow-paths.

const fs = require('fs');
const os = require('os');
const path = require('path');
const { createHash } = require('crypto');

const PROGRAM = 'solc (npm)';

function fail(message, code = 1) {
  fs.writeSync(2, `${PROGRAM}: ${message}\n`);
  process.exit(code);
}

/** Folder of the npm package: named by the environment, or found from here or from the cwd. */
function packageFolder() {
  const named = process.env.HALLMARK_SOLCJS;
  if (named) {
    if (fs.existsSync(path.join(named, 'soljson.js'))) return fs.realpathSync(named);
    fail(`HALLMARK_SOLCJS is \`${named}\`, which holds no soljson.js`, 127);
  }
  for (const root of [__dirname, process.cwd()]) {
    try {
      return path.dirname(require.resolve('solc/package.json', { paths: [root] }));
    } catch {
      // Not installed there.
    }
  }
  return fail('the npm package `solc` is not installed (run `npm ci` in the project)', 127);
}

/** The compiler installs process-wide handlers that turn any later exception into a crash. */
function loadCompiler(folder) {
  const before = process.listeners('uncaughtException');
  const compiler = require(path.join(folder, 'index.js'));
  process.removeAllListeners('uncaughtException');
  for (const listener of before) process.on('uncaughtException', listener);
  return compiler;
}

/** forge asks for the version at every run, and loading the compiler takes a third of a second. */
function version(folder) {
  const stat = fs.statSync(path.join(folder, 'soljson.js'));
  const key = createHash('sha256').update(`${folder}\n${stat.size}\n${stat.mtimeMs}`).digest('hex');
  const cache = path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'hallmark');
  const entry = path.join(cache, `solc-version-${key.slice(0, 32)}`);
  try {
    const known = fs.readFileSync(entry, 'utf8').trim();
    if (/^\d+\.\d+\.\d+/.test(known)) return known;
  } catch {
    // Not cached yet.
  }
  const found = loadCompiler(folder).version();
  try {
    fs.mkdirSync(cache, { recursive: true });
    const draft = `${entry}.${process.pid}`;
    fs.writeFileSync(draft, found);
    fs.renameSync(draft, entry);
  } catch {
    // A cache that cannot be written costs time, nothing else.
  }
  return found;
}

function parse(words) {
  const options = { base: '.', include: [], allow: [], file: null, version: false, json: false };
  for (let i = 0; i < words.length; i += 1) {
    let word = words[i];
    let value = null;
    const equals = word.startsWith('--') ? word.indexOf('=') : -1;
    if (equals > 0) {
      value = word.slice(equals + 1);
      word = word.slice(0, equals);
    }
    const operand = () => {
      if (value !== null) return value;
      i += 1;
      if (i >= words.length) fail(`${word} needs a value`);
      return words[i];
    };
    switch (word) {
      case '--version': options.version = true; break;
      case '--standard-json': options.json = true; break;
      case '--base-path': options.base = operand(); break;
      case '--include-path': case '-I': options.include.push(operand()); break;
      case '--allow-paths': options.allow.push(...operand().split(',').filter(Boolean)); break;
      case '--color': case '--no-color': case '--error-codes': break;
      case '-': break;
      default:
        if (word.startsWith('-')) fail(`option ${word} is not supported`);
        options.file = word;
    }
  }
  return options;
}

function real(name) {
  try {
    return fs.realpathSync(name);
  } catch {
    return path.resolve(name);
  }
}

/** Reads imports that the input does not carry, within the allowed folders only. */
function importer(options) {
  const roots = [options.base, ...options.include].map((folder) => path.resolve(folder));
  const allowed = [...roots, ...options.allow.map((folder) => path.resolve(options.base, folder))].map(real);
  return (name) => {
    const candidates = path.isAbsolute(name) ? [name] : roots.map((root) => path.join(root, name));
    for (const candidate of candidates) {
      if (!fs.existsSync(candidate)) continue;
      const target = real(candidate);
      const inside = allowed.some((root) => target === root || target.startsWith(root + path.sep));
      if (!inside) return { error: `File outside of allowed directories: ${name}` };
      return { contents: fs.readFileSync(target, 'utf8') };
    }
    return { error: `File not found: ${name} (searched ${candidates.join(', ')})` };
  };
}

/** process.exit() would cut off what a pipe has not taken yet: write it all, then leave. */
function writeAll(text) {
  const bytes = Buffer.from(text, 'utf8');
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let done = 0; done < bytes.length;) {
    try {
      done += fs.writeSync(1, bytes, done);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
      Atomics.wait(pause, 0, 0, 2);
    }
  }
}

const options = parse(process.argv.slice(2));
const folder = packageFolder();
if (options.version) {
  writeAll(`solc, the solidity compiler commandline interface\nVersion: ${version(folder)}\n`);
} else if (options.json) {
  const input = fs.readFileSync(options.file === null ? 0 : options.file, 'utf8');
  writeAll(`${loadCompiler(folder).compile(input, { import: importer(options) })}\n`);
} else {
  fail('only --version and --standard-json are supported');
}
process.exit(0);
