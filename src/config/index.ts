export { archiveOf } from './application.js';
export type { BuiltinDefinition, Catalog } from './catalog.js';
export { withoutSecrets } from './effective.js';
export { ConfigError, type ConfigErrorCode, formatProblem, type Problem } from './errors.js';
export { type CheckResult, checkConfig, type LoadOptions, loadConfig } from './load.js';
export type * from './model.js';
export { writeYaml } from './yaml.js';
