/** Behaviour around a line: each is a function from a line to a line, used where a driver lacks the thing itself. */
export { type DebounceSettings, debounced } from './debounced.js';
export { tracedInput, tracedOutput } from './traced.js';
