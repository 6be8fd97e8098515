export type { GroupDefinition, Member, MemberKind } from './definition.js';
export { GroupError, type GroupErrorCode } from './errors.js';
export { filterProblem, matches, OWN_NAME, overlap } from './filter.js';
export { Group, type GroupChange, type GroupOptions } from './group.js';
export { GROUP_LIMITS, type GroupLimits } from './limits.js';
export { GroupPolicy, type GroupPolicyOptions } from './policy.js';
export type { Refusal, RefusalStatus } from './refusals.js';
export {
  builtinRows,
  CLOUD,
  distinct,
  impliedRows,
  MEMBER_ROWS,
  type Party,
  partyText,
  type RowOrigin,
  rowText,
  SHADOW_SERVICE,
  type SubscriptionRow,
  TELEMETRY,
  type Traffic,
} from './rows.js';
export { type MemberDirectory, SubscriptionTable } from './table.js';
export { type RowField, SHOWN_ROWS, type WhyAnswer, type WhyQuestion } from './why.js';
