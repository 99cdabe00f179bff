/** The door to certificates: the installation's own authority, certificates in files, and connections that outlive both. */
export { type Certificates, createCertificates } from './certificates.ts';
export type { TlsEnd } from './end.ts';
export { type CertificateFiles, createFileEnd } from './files.ts';
export { admissionOf, createRenewedAgent, createRenewedServer } from './tls.ts';
