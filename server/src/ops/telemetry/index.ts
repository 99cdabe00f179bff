export { addConnectionMetrics } from './connection-metrics.ts';
export { createKeyMetrics, type KeyMetrics } from './key-metrics.ts';
export { createMetrics, type Gauges } from './metrics.ts';
export { addNoticeMetrics } from './notice-metrics.ts';
export { addStorageMetrics } from './storage-metrics.ts';
