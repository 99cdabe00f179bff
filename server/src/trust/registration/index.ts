/** The door to registrations: tenants that people make for themselves. */
export {
  type Confirmed,
  createRegistrations,
  type RegistrationRequest,
  type Registrations,
  registrationRequestSchema,
} from './registrations.ts';
export { type Registration, type RegistrationState, registrationStates } from './store.ts';
