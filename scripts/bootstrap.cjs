'use strict';
// Makes a clone ready for the npm script that follows: installs what the lock file names, builds the dashboard when its sources
// changed. Runs before anything is installed, on whatever Node started npm: plain CommonJS, no dependencies, no syntax newer than 2017.
//
//   node scripts/bootstrap.cjs [--web] [--quiet]
//     --web    also bring web/dist up to date
//     --quiet  leave stdout to the script that follows; everything goes to stderr
const oldestNode = 20;
if (Number(process.versions.node.split('.')[0]) < oldestNode) {
  console.error(
    `Factotum needs Node ${oldestNode} or later to set itself up; this is Node ${process.versions.node}. Get a current one from https://nodejs.org`,
  );
  process.exit(1);
}

const path = require('path');
const { isInstalled, install } = require('./bootstrap/install.cjs');
const { isBuilt, build } = require('./bootstrap/web.cjs');
const { withLock } = require('./bootstrap/lock.cjs');

const root = path.join(__dirname, '..');
const wantsWeb = process.argv.includes('--web');
const output = process.argv.includes('--quiet') ? process.stderr : process.stdout;
const say = (line) => output.write(`${line}\n`);

const isReady = () => isInstalled(root) && (!wantsWeb || isBuilt(root));

async function prepare() {
  if (isReady()) return;
  // Two starts at once must not install into the same folder; whoever waited finds the work done.
  await withLock(path.join(root, '.bootstrap-lock'), say, async (lock) => {
    if (!isInstalled(root)) await install({ root, say, lock });
    if (wantsWeb && !isBuilt(root)) await build({ root, say, lock });
  });
}

prepare().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
