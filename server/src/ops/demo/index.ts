export { dropDemoMails, installDemo } from './install.ts';
