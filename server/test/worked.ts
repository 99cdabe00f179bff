/** How long this thread has worked, in milliseconds. Unlike a clock it stands still while others have the processor. */
export function workedMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
