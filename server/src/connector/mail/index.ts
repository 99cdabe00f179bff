export { mailTools } from './tools.ts';
