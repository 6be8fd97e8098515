import type { GroupDocumentChange } from './document.js';

/** As in Greengrass. */
export type DeploymentStatus = 'Building' | 'InProgress' | 'Success' | 'Failure';

/** As in Greengrass; `Configuration` is a start with a configuration file that was edited. */
export type DeploymentType =
  | 'NewDeployment'
  | 'Redeployment'
  | 'ResetDeployment'
  | 'ForceResetDeployment'
  | 'Configuration';

export interface DeploymentRecord {
  readonly id: string;
  /** From 1; the order in which they came. */
  readonly sequence: number;
  readonly type: DeploymentType;
  readonly status: DeploymentStatus;
  /** Who asked for it. */
  readonly by: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Against the group that was deployed before. */
  readonly changes: GroupDocumentChange;
  /** Of the group's document. */
  readonly group: string;
  /** Of the deployment whose group this is once more. */
  readonly again?: string;
  /** Another version of the application that came with the group. */
  readonly application?: { readonly id: string; readonly file: string };
  readonly errorMessage?: string;
  /** One sentence per problem. */
  readonly errorDetails?: readonly string[];
}
