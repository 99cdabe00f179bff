export { bankTools } from './tools.ts';
