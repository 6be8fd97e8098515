/** Climate sensors: one contract, four ways to read one. Implementations are loaded when they are opened. */
export * from './contract.js';
export { type ClimateDeps, type ClimateSettings, openClimateSensor } from './open.js';
