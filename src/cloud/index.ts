/** Everything that leaves the site: what other parts import. */
export { Cloud, type CloudOptions } from './cloud.js';
export { CloudError, type CloudErrorCode } from './errors.js';
export { type AwsCredentials, type RoleAliasOptions, roleAliasCredentials } from './role-alias.js';
export { type Direction, SHADOW_SYNC, type SyncedShadow } from './shadow-sync/index.js';
export { SPOOL_LIMITS, type SpoolLimits } from './spool/index.js';
