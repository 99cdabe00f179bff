export { vaultTools } from './tools.ts';
