/** The door to what a process says of itself while it runs: counted as it works, written down every few seconds. */
export { createGauges, type Gauges } from './gauges.ts';
export { createSampler, type Sampler } from './sampler.ts';
