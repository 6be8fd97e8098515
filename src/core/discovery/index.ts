export {
  AdvertisedAddresses,
  type AdvertisedAddressesOptions,
  AUTO_ADDRESSES,
  type Interfaces,
  siteAddresses,
} from './addresses.js';
export type { Connectivity } from './document.js';
export { thingArn } from './document.js';
export { DiscoveryError, type DiscoveryErrorCode } from './errors.js';
export type { Reply } from './reply.js';
export {
  DiscoveryServer,
  type DiscoveryServerOptions,
  type RestHandler,
  type RestRequest,
} from './server.js';
