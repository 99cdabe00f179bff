/** The door to the demo: what a new installation shows, and how it is taken out again. */
export { announceDemoMails, dropDemoMails, installDemo, readDemoMails } from './install.ts';
export { readDemo, removeDemo } from './remove.ts';
