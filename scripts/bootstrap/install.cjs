'use strict';
const fs = require('fs');
const path = require('path');
const { runChild } = require('./run-child.cjs');

const readPackages = (file) => JSON.parse(fs.readFileSync(file, 'utf8')).packages;

/** Node 24 as npm installed it; an npm package downloads it in its install script. */
function nodeBinary(root) {
  return path.join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
}

/**
 * Whether node_modules holds exactly what package-lock.json names. npm writes `node_modules/.package-lock.json` last, so an install
 * that was interrupted has none. Contents are compared, not times: switching branches back and forth installs nothing.
 * Packages for other platforms are optional and may be missing.
 */
function isInstalled(root) {
  let installed;
  try {
    installed = readPackages(path.join(root, 'node_modules', '.package-lock.json'));
  } catch (_absentOrCut) {
    return false;
  }
  const wanted = readPackages(path.join(root, 'package-lock.json'));
  const isSame = Object.keys(wanted).every((name) => {
    if (name === '') return true;
    if (installed[name] === undefined) return wanted[name].optional === true;
    return installed[name].version === wanted[name].version && installed[name].integrity === wanted[name].integrity;
  });
  return isSame && fs.existsSync(nodeBinary(root));
}

/** `npm ci` with the npm that runs us and under its settings, including development packages whatever NODE_ENV says: they build the dashboard. */
async function install({ root, say, lock }) {
  const npm = npmCommand();
  const args = npm.args.concat(['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=warn']);
  await runChild({ what: 'Installing dependencies', command: npm.command, args, cwd: root, say, lock });
  if (!fs.existsSync(nodeBinary(root))) {
    throw new Error(
      'npm installed everything but the Node 24 that Factotum runs on, which arrives through an install script.\n' +
        'If scripts are switched off (npm config get ignore-scripts), allow this one: npm rebuild node --ignore-scripts=false',
    );
  }
  if (!isInstalled(root))
    throw new Error('npm ci ended well, but node_modules does not match package-lock.json. Remove node_modules and start again.');
}

function npmCommand() {
  const cli = process.env.npm_execpath;
  if (cli !== undefined && path.basename(cli) === 'npm-cli.js') {
    // Not our own binary: that may be the one in node_modules, which npm ci is about to remove.
    return { command: process.env.npm_node_execpath || process.execPath, args: [cli] };
  }
  return { command: 'npm', args: [] };
}

module.exports = { isInstalled, install, nodeBinary };
