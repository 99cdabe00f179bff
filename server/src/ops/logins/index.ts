/** The door to the logins that we made in the database for ourselves: new passwords on demand and by themselves. */
export { createLoginRotation, type LoginRotation } from './rotation.ts';
