export type { CarFigures, CertificateLife, LightFigures, MetricsDeps } from './contract.js';
export { MetricsError, type MetricsErrorCode } from './errors.js';
export { MetricsServer } from './server.js';
