'use strict';
const { spawn } = require('child_process');

const reminderMs = 10000;

/**
 * Runs one long step as a child process: says what it does, reminds every ten seconds, shows the child's own words only if it fails.
 * A signal to us ends the child first, so that nothing goes on writing after the lock is gone.
 */
function runChild({ what, command, args, cwd, say, lock }) {
  const startedAt = Date.now();
  const seconds = () => Math.round((Date.now() - startedAt) / 1000);
  say(`${what} ...`);
  return new Promise((resolve, reject) => {
    let child;
    let endedBy;
    const pass = (signal) => {
      endedBy = signal;
      child.kill(signal);
    };
    // Before the child is there: it may run before we get to the next line, and a signal in between would leave it alone with the lock.
    process.on('SIGINT', pass).on('SIGTERM', pass);
    child = spawn(command, args, {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32' && command === 'npm',
    });
    if (child.pid !== undefined) lock.addProcess(child.pid);
    const output = [];
    child.stdout.on('data', (chunk) => output.push(chunk));
    child.stderr.on('data', (chunk) => output.push(chunk));

    const reminder = setInterval(() => say(`${what}: still at it after ${seconds()} s`), reminderMs);

    const finish = (error) => {
      clearInterval(reminder);
      process.off('SIGINT', pass).off('SIGTERM', pass);
      if (error) reject(error);
      else {
        say(`${what}: done in ${seconds()} s`);
        resolve();
      }
    };
    child.on('error', (error) => finish(new Error(`${what}: ${command} cannot be started: ${error.message}`)));
    child.on('close', (code, signal) => {
      if (code === 0) return finish();
      if (endedBy) return finish(new Error(`${what}: ended by ${endedBy}`));
      const reason = signal ? `ended by ${signal}` : `failed with exit code ${code}`;
      return finish(new Error(`${Buffer.concat(output).toString()}\n${what}: ${reason} (${[command].concat(args).join(' ')} in ${cwd})`));
    });
  });
}

module.exports = { runChild };
