'use strict';
const fs = require('fs');
const os = require('os');
const path = require('path');

const heartbeatMs = 1000;
/** A holder that is alive shows it every second; ten missed beats are a death, not a busy machine. */
const silentMs = 10000;
/** A silent lock whose process number seems alive is a number given out again, or a suspended process. */
const abandonedMs = 600000;
const pollMs = 200;
/** Longer than the few statements between seeing a dead lock and removing it, in any process. */
const settleMs = 100;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Runs `work` as the only process that holds `folder`, waiting for another holder to finish or to be found dead.
 * `work` gets `{ addProcess(pid) }`: a child named there counts as the holder as well, because it outlives us if we are killed.
 */
async function withLock(folder, say, work) {
  const lock = await acquire(folder, say);
  const heartbeat = setInterval(lock.beat, heartbeatMs);
  try {
    return await work(lock);
  } finally {
    clearInterval(heartbeat);
    lock.release();
  }
}

async function acquire(folder, say) {
  const owner = path.join(folder, 'owner.json');
  const identity = `${os.hostname()}/${process.pid}/${Date.now()}`;
  const processes = [process.pid];
  const write = () => fs.writeFileSync(owner, JSON.stringify({ identity, host: os.hostname(), processes }));
  const isOurs = () => readOwner(owner).identity === identity;
  let hasSpoken = false;
  for (;;) {
    if (create(folder)) {
      write();
      // Somebody who took the previous holder for dead may have removed ours instead: the later one wins, the earlier one sees it here.
      await pause(settleMs);
      if (isOurs()) break;
    } else if (isDead(folder, owner)) {
      fs.rmSync(folder, { recursive: true, force: true });
    } else {
      if (!hasSpoken) say(`Another start is setting up this folder; waiting for it (${folder}) ...`);
      hasSpoken = true;
      await pause(pollMs);
    }
  }
  return {
    // A lock folder that somebody removed by hand is no reason to stop half-way.
    beat: () => fs.utimes(owner, new Date(), new Date(), () => undefined),
    addProcess: (pid) => {
      processes.push(pid);
      if (isOurs()) write();
    },
    release: () => {
      if (isOurs()) fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}

function create(folder) {
  try {
    fs.mkdirSync(folder);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw new Error(`Factotum cannot set itself up here: ${error.message}. Run it once as the owner of this folder.`, { cause: error });
  }
}

function isDead(folder, owner) {
  const silence = Date.now() - lastSignAt(folder, owner);
  if (silence < silentMs) return false;
  if (silence > abandonedMs) return true;
  const { host, processes } = readOwner(owner);
  // Another machine or container: its process numbers mean nothing here, silence has to do.
  return host !== os.hostname() || !processes.some(isAlive);
}

function lastSignAt(folder, owner) {
  for (const file of [owner, folder]) {
    const found = fs.statSync(file, { throwIfNoEntry: false });
    if (found) return found.mtimeMs;
  }
  return Date.now(); // released just now: the next attempt to create it will succeed
}

function readOwner(owner) {
  try {
    return JSON.parse(fs.readFileSync(owner, 'utf8'));
  } catch (_beingWrittenOrGone) {
    return { identity: undefined, host: undefined, processes: [] };
  }
}

function isAlive(pid) {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

module.exports = { withLock };
