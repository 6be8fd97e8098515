/** Sensors that take more than a level to read: climate, four ways; distance. How one is read is loaded when it is opened. */
export * from './contract.js';
export {
  DISTANCE_CM,
  DISTANCE_METHODS,
  type DistanceMethod,
  type DistanceReading,
  type DistanceSensor,
  openDistanceSensor,
} from './distance.js';
export { type ClimateDeps, type ClimateSettings, openClimateSensor } from './open.js';
