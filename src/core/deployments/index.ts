/** Deployments: another group for a running core, whole or not at all. */
export type { ApplicationOutcome, ApplicationUpdates, BroughtApplication } from './application.js';
export {
  changesBetween,
  digestOf,
  type GroupDocument,
  type GroupDocumentChange,
  type ListChange,
  type NamedEntry,
} from './document.js';
export { DeploymentError, type DeploymentErrorCode } from './errors.js';
export type { DeployedPart } from './part.js';
export type { DeploymentRecord, DeploymentStatus, DeploymentType } from './record.js';
export type { DeploymentEvents } from './reports.js';
export {
  type Deployment,
  DeploymentService,
  type DeploymentServiceOptions,
} from './service.js';
export { type ImportedGroup, importGreengrassV1, type V1File } from './v1/import.js';
