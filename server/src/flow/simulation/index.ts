/** The door to simulations: what a policy text would have done with past decisions. */
export { createSimulator, type Simulate, type Simulation } from './simulate.ts';
