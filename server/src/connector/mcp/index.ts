export { createToolHost } from './host.ts';
