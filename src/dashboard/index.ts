export type {
  Bench,
  BoardLineView,
  BoardView,
  CertificateView,
  ClaimView,
  CoreView,
  DashboardDeps,
  DashboardSettings,
  FunctionView,
  GreenView,
  PageTls,
  RowView,
  ThingView,
} from './contract.js';
export { DashboardError, type DashboardErrorCode } from './errors.js';
export type { TelemetryRecords } from './history.js';
export { type LogLine, LogTail } from './log-tail.js';
export { DashboardServer } from './server.js';
export { WatchedLines } from './watched.js';
