/** The functions of the group: what the core calls. See README.md. */
export type { BuiltinFunction, FunctionContext, Invocation } from './contract.js';
export {
  type BuiltinRun,
  type FunctionDefinition,
  type FunctionResources,
  type FunctionRuntime,
  functionDefinition,
  type ProcessRun,
  subjectsOf,
} from './definition.js';
export { FunctionError, type FunctionErrorCode } from './errors.js';
export { FUNCTION_LIMITS, type FunctionLimits } from './limits.js';
export type { FunctionLines } from './lines.js';
export { type FunctionChange, FunctionManager, type FunctionManagerOptions } from './manager.js';
export type { FunctionShadows } from './shadows.js';
export type { ClientContext, WorkResult } from './work.js';
