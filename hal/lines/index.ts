/** Behaviour around a line that drivers share, or lack themselves. */
export { type DebounceSettings, debounced } from './debounced.js';
export { LineListeners } from './listeners.js';
export { tracedInput, tracedOutput } from './traced.js';
