/**
 * The C library puts its own handler on every signal when it is initialised, and ends the process from there, before
 * our outputs are safe. Two measures, of which the first is enough where it works: the library is told not to, and
 * afterwards the process takes the signals back.
 */
import { messageOf } from '../../errors.js';
import { loadFfi } from '../../ffi.js';
import type { Log } from '../../log.js';

/** PI_CFG_NOSIGHANDLER of pigpio.h. */
const NO_SIGNAL_HANDLER = 1 << 10;
const LIBRARY = 'libpigpio.so.1';

/** Tells the C library to leave signals alone; must be called before it is initialised. */
export async function forbidSignalHandlers(log: Log): Promise<void> {
  try {
    const ffi = await loadFfi();
    const get = ffi.libraryFunction(LIBRARY, 'uint32_t gpioCfgGetInternals()');
    const set = ffi.libraryFunction(LIBRARY, 'int gpioCfgSetInternals(uint32_t)');
    set(Number(get()) | NO_SIGNAL_HANDLER);
  } catch (error) {
    log.debug(
      { err: error },
      `pigpio keeps its signal handlers until they are taken back: ${messageOf(error)}`,
    );
  }
}

/** What is needed of `process`. */
export interface SignalTarget {
  eventNames(): readonly (string | symbol)[];
  rawListeners(signal: NodeJS.Signals): readonly unknown[];
  off(signal: NodeJS.Signals, listener: NodeJS.SignalsListener): unknown;
  on(signal: NodeJS.Signals, listener: NodeJS.SignalsListener): unknown;
}

/** Installs the process's own handlers again: Node does that when the first listener of a signal is added. */
export function retakeSignals(target: SignalTarget): void {
  for (const name of target.eventNames()) {
    if (typeof name !== 'string' || !/^SIG[A-Z0-9]+$/.test(name)) continue;
    const signal = name as NodeJS.Signals;
    const listeners = [...target.rawListeners(signal)] as NodeJS.SignalsListener[];
    for (const listener of listeners) target.off(signal, listener);
    for (const listener of listeners) target.on(signal, listener);
  }
}
