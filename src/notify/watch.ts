import type { Ffi } from '../../hal/ffi.js';
import { type Clock, type Log, messageOf, type Timer } from '../../hal/index.js';
import type { Service } from '../lifecycle.js';
import { type AppStatus, type Health, healthOf, READY_LIMIT_S } from '../status.js';
import { NotifyError } from './errors.js';
import { type Notifier, openNotifier } from './socket.js';

/** Beats per watchdog time: one that comes late, or is lost, does no harm (sd_watchdog_enabled(3) asks for two). */
const BEATS = 3;
/** Time in ms between looks at the status where no watchdog asks for more. */
const LOOK_MS = 10_000;
/** Time in ms between looks while starting. */
const SETTLE_LOOK_MS = 100;

export interface ServiceManagerOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly status: () => AppStatus;
  /** For tests. */
  readonly loadFfi?: () => Promise<Ffi>;
}

/**
 * Keeps the service manager told: `READY=1` when every thing obeys (at the latest after 20 s, then with what is
 * waited for), `STATUS=` when it changes, `WATCHDOG=1` while the parts that carry the others are healthy, `STOPPING=1`.
 * Without a service manager it does nothing. Started after the application and stopped before it.
 */
export class ServiceManager implements Service {
  readonly name = 'service manager';
  readonly #options: ServiceManagerOptions;
  readonly #log: Log;
  #notifier: Notifier | undefined;
  #timer: Timer | undefined;
  #told = '';
  #withheld = false;
  #failing = false;

  constructor(options: ServiceManagerOptions) {
    this.#options = options;
    this.#log = options.log.child({ part: 'systemd' });
  }

  /**
   * Opens the way to the service manager; call it before the application starts, so that a unit with a watchdog that
   * cannot be fed ends at once.
   * @throws {NotifyError} NOTIFY_UNAVAILABLE when there is a watchdog and it cannot be fed
   */
  async open(): Promise<void> {
    const { env, loadFfi } = this.#options;
    const period = this.#watchdogMs();
    try {
      this.#notifier = await openNotifier(env, loadFfi);
    } catch (error) {
      if (period !== undefined)
        throw new NotifyError(
          'NOTIFY_UNAVAILABLE',
          `this unit has WatchdogSec=, but ${messageOf(error)}; mend that, or use Type=exec without WatchdogSec=`,
          { cause: error },
        );
      this.#log.warn({}, messageOf(error));
    }
    if (period !== undefined && this.#notifier === undefined)
      throw new NotifyError(
        'NOTIFY_UNAVAILABLE',
        'this unit has WatchdogSec= but no NOTIFY_SOCKET: let it have NotifyAccess=main and start node directly, not through npm',
      );
  }

  async start(signal: AbortSignal): Promise<void> {
    const { clock, status } = this.#options;
    if (this.#notifier === undefined) return;
    const end = clock.now() + READY_LIMIT_S * 1_000;
    while (!healthOf(status()).ready && clock.now() < end) await clock.sleep(SETTLE_LOOK_MS, signal);
    this.#send({ READY: '1', MAINPID: String(this.#options.pid), ...this.#look() });
    const period = this.#watchdogMs();
    this.#timer = clock.every(
      period === undefined ? LOOK_MS : Math.max(1, Math.floor(period / BEATS)),
      () => {
        const state = this.#look();
        if (Object.keys(state).length > 0) this.#send(state);
      },
    );
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#notifier !== undefined)
      this.#send({ STOPPING: '1', STATUS: 'stopping, outputs to their safe value' });
    this.#notifier?.close();
    this.#notifier = undefined;
  }

  /** What there is to tell at this moment. */
  #look(): Record<string, string> {
    const status = this.#options.status();
    const health = healthOf(status);
    const text = statusText(status);
    const changed = text !== this.#told;
    this.#told = text;
    this.#note(health);
    return {
      ...(changed && { STATUS: text }),
      ...(health.carrying && this.#watchdogMs() !== undefined && { WATCHDOG: '1' }),
    };
  }

  #note({ carrying, causes }: Health): void {
    if (!carrying && !this.#withheld)
      this.#log.error({ causes }, `the watchdog is not fed: ${causes.join('; ')}`);
    this.#withheld = !carrying;
  }

  #send(state: Record<string, string>): void {
    const failure = this.#notifier?.send(state);
    // once, not at every beat: systemd itself ends a process whose beats are lost
    if (failure !== undefined && !this.#failing) this.#log.warn({}, `systemd was not notified: ${failure}`);
    this.#failing = failure !== undefined;
  }

  /** Undefined without a watchdog, or when it is meant for another process. */
  #watchdogMs(): number | undefined {
    const { env, pid } = this.#options;
    const us = Number(env.WATCHDOG_USEC);
    if (!Number.isFinite(us) || us <= 0) return undefined;
    if (env.WATCHDOG_PID !== undefined && Number(env.WATCHDOG_PID) !== pid) return undefined;
    return us / 1000;
  }
}

function statusText(status: AppStatus): string {
  const troubled = status.parts.filter((part) => part.state !== 'ok');
  const head = `${status.group}: ${status.parts.length} parts`;
  if (troubled.length === 0) return `${head}, all ok`;
  const shown = troubled
    .slice(0, 3)
    .map((part) => `${part.name} ${part.state}${part.cause ? ` (${part.cause})` : ''}`);
  const more = troubled.length > 3 ? `, and ${troubled.length - 3} more` : '';
  return `${head}; ${shown.join(', ')}${more}`;
}
