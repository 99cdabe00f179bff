export { createMetrics, type Gauges } from './metrics.ts';
