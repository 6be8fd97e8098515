export * from './address.js';
export * from './clock.js';
export * from './contract.js';
export * from './errors.js';
export * from './json.js';
export * from './log.js';
export * from './over.js';
