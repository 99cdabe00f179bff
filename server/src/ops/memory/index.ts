/** Memory that work has left behind goes back to the system once there is nothing to do. */
export { createMemoryKeeper, type MemoryKeeper, type MemoryKeeperOptions } from './keeper.ts';
