'use strict';
const fs = require('fs');
const path = require('path');
const { createHash } = require('crypto');
const { nodeBinary } = require('./install.cjs');
const { runChild } = require('./run-child.cjs');

const marker = (root) => path.join(root, 'web', 'dist', '.inputs');

/** Whether web/dist was built from the sources and packages that are here now. A repository without the dashboard has nothing to build. */
function isBuilt(root) {
  if (!fs.existsSync(path.join(root, 'web', 'index.html'))) return true;
  try {
    return fs.readFileSync(marker(root), 'utf8') === hashInputs(root);
  } catch (_absent) {
    return false;
  }
}

/** Builds web/dist under the installed Node 24. The marker is written last: an interrupted build is built again. */
async function build({ root, say, lock }) {
  const web = path.join(root, 'web');
  // Taken before the build: a file saved meanwhile makes the next start build once more.
  const inputs = hashInputs(root);
  const vite = path.join(path.dirname(require.resolve('vite/package.json', { paths: [web] })), 'bin', 'vite.js');
  const run = (what, ...args) => runChild({ what, command: nodeBinary(root), args: [vite, 'build', ...args], cwd: web, say, lock });
  // The first empties the folder.
  await run('Building the dashboard');
  await run('Building the dashboard in German', '--mode', 'de');
  fs.writeFileSync(marker(root), inputs);
}

function hashInputs(root) {
  const hash = createHash('sha256');
  const packages = JSON.parse(fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8')).packages;
  const add = (name, content) => hash.update(`${name}\0${content.length}\0`).update(content);
  for (const key of packagesBelow(packages, 'web')) {
    if (key.includes('node_modules/')) add(key, `${packages[key].version} ${packages[key].integrity}`);
    else for (const file of sourcesBelow(path.join(root, key))) add(path.relative(root, file), fs.readFileSync(file));
  }
  // The dashboard shows the documentation.
  for (const file of sourcesBelow(path.join(root, 'docs'))) if (file.endsWith('.md')) add(path.relative(root, file), fs.readFileSync(file));
  return hash.digest('hex');
}

/** Keys of the lock file's packages that `start` needs, directly or not, `start` included; workspaces appear as their folder. */
function packagesBelow(packages, start) {
  const found = new Set([start]);
  // A set grows while it is walked: what is added here is visited later.
  for (const key of found) {
    const entry = packages[key];
    const names = Object.keys(
      Object.assign({}, entry.dependencies, entry.devDependencies, entry.optionalDependencies, entry.peerDependencies),
    );
    for (const name of names) {
      const target = resolvePackage(packages, key, name);
      if (target !== undefined) found.add(packages[target].link ? packages[target].resolved : target);
    }
  }
  return Array.from(found).sort();
}

/** Node's look-up, done on the lock file: the nearest node_modules upwards that has the package. */
function resolvePackage(packages, from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) {
    const key = path.posix.join(folder, 'node_modules', name);
    if (packages[key] !== undefined) return key;
    if (folder === '') return undefined;
  }
}

function sourcesBelow(folder) {
  const files = [];
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules' && entry.name !== 'dist') files.push(...sourcesBelow(file));
    } else if (!entry.name.includes('.test.')) files.push(file);
  }
  return files.sort();
}

module.exports = { isBuilt, build };
