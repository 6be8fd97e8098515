/** A site for AWS: what a configuration needs in an account, and its things as a component of a Greengrass V2 core. */
export { cloudFormation } from './cloudformation.js';
export { PackageError, type PackageErrorCode } from './errors.js';
export { COMPONENT_NAME, deployment, recipe, type ThingTopics } from './greengrass-v2.js';
export { type ZipEntry, zip } from './zip.js';
