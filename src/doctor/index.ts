export type { Finding, Outside } from './contract.js';
export { type ExamineOptions, examine } from './examine.js';
export { thisMachine } from './machine.js';
