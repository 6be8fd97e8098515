/** What sensors publish, kept on this machine for a while. records: its form in the store; recorder: keeping it. */

export { TELEMETRY_LIMITS, type TelemetryLimits, TelemetryRecorder } from './recorder.js';
export {
  PAGE_LIMIT,
  readTelemetry,
  type TelemetryPage,
  type TelemetryRecord,
  telemetryThings,
} from './records.js';
