/**
 * How the embedded server is set: small, and for many short commits. Who wants to tune runs a server of their own.
 * Durability (fsync, synchronous_commit, full_page_writes, checksums) stays as PostgreSQL has it: on.
 */
export const settings: Readonly<Record<string, string>> = {
  // Only the socket, in a folder that only its user can enter. No port, so no clash of ports either.
  listen_addresses: '',
  unix_socket_permissions: '0700',
  // 28 connections of one process with all roles, commands and tests beside it, three for the superuser.
  max_connections: '60',
  superuser_reserved_connections: '3',
  // The due rows and the indexes' upper pages fit; the rest is the kernel's cache, which is shared with everything else.
  shared_buffers: '64MB',
  effective_cache_size: '512MB',
  maintenance_work_mem: '32MB',
  wal_buffers: '4MB',
  // Reads come from memory: workers for asynchronous reads, parallel plans and JIT are processes and start-up time for nothing.
  io_method: 'sync',
  max_parallel_workers_per_gather: '0',
  max_parallel_maintenance_workers: '0',
  jit: 'off',
  // Segments that are no longer needed are unlinked, not kept to be written over: what was destroyed shall not lie in them.
  wal_recycle: 'off',
  // Nothing replicates from here.
  max_wal_senders: '0',
  max_logical_replication_workers: '0',
  // Tables that are queues turn over within seconds. Looking every 15 s instead of every minute keeps them small.
  autovacuum_naptime: '15s',
  autovacuum_max_workers: '2',
  // On flash an index probe costs about what reading on costs.
  random_page_cost: '1.1',
  // A log without rows: terse leaves out DETAIL, where a violated constraint quotes the values.
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
};
