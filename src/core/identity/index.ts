export { GroupCa, type GroupCaOptions, LOCAL_NAMES } from './ca.js';
export { type IssuedCertificate, normalFingerprint } from './certificate.js';
export { IdentityError, type IdentityErrorCode } from './errors.js';
export { checkThingName, thingNameProblem } from './names.js';
export { authenticate, type CertifiedSocket, memberTlsOptions, type PeerVerdict } from './peer.js';
export type { ThingRecord } from './record.js';
export {
  type AddOptions,
  type RegistryChange,
  ThingRegistry,
  type ThingRegistryOptions,
} from './registry.js';
export { ServerCertificate, type ServerCertificateOptions } from './server-certificate.js';
