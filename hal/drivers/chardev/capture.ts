import type { LineAddress } from '../../address.js';
import type { Clock } from '../../clock.js';
import type { EdgeEvent, PulseCapture, PulseRequest } from '../../contract.js';
import { HalError } from '../../errors.js';
import type { Chips } from './chips.js';
import { biasFlags, decodeEvent, EVENT_BUFFER_MAX, edgeFlags, FLAG, SIZE } from './layout.js';
import type { Requests } from './requests.js';
import type { GpioUapi } from './uapi.js';

export interface CaptureDeps {
  readonly uapi: GpioUapi;
  readonly chips: Chips;
  readonly requests: Requests;
  readonly clock: Clock;
}

/**
 * Drives a line, lets it go and collects the kernel's edge timestamps. Output to input is one SET_CONFIG on the held
 * line, so nobody else can take it in between and no edge is missed; the kernel's buffer holds the whole train, so
 * that the collector need not be quick.
 */
export class KernelPulseCapture implements PulseCapture {
  constructor(private readonly deps: CaptureDeps) {}

  async capture(address: LineAddress, request: PulseRequest): Promise<readonly EdgeEvent[]> {
    if (!Number.isInteger(request.count) || request.count < 1 || request.count > EVENT_BUFFER_MAX) {
      throw new HalError('HAL_ARGUMENT', `count ${request.count}: 1..${EVENT_BUFFER_MAX}`);
    }
    const { uapi, chips, requests, clock } = this.deps;
    const line = chips.resolve(address);
    const fd = requests.take(line, {
      consumer: request.consumer,
      config: { flags: FLAG.OUTPUT, value: 0 },
      eventBuffer: Math.max(16, request.count),
    });
    try {
      await clock.sleep(request.driveMs);
      requests.configure(line, fd, {
        flags: FLAG.INPUT | biasFlags(request.bias) | edgeFlags(request.edge),
      });
      return await collect({ uapi, clock, fd, count: request.count, timeoutMs: request.timeoutMs });
    } finally {
      uapi.close(fd);
    }
  }
}

interface Collection {
  readonly uapi: GpioUapi;
  readonly clock: Clock;
  readonly fd: number;
  readonly count: number;
  readonly timeoutMs: number;
}

function collect({ uapi, clock, fd, count, timeoutMs }: Collection): Promise<readonly EdgeEvent[]> {
  const events: EdgeEvent[] = [];
  const buffer = Buffer.alloc(SIZE.LINE_EVENT * count);
  return new Promise((resolve, reject) => {
    const end = (settle: () => void): void => {
      watch.close();
      timer.cancel();
      settle();
    };
    const watch = uapi.watch(fd, () => {
      try {
        const bytes = uapi.readEvents(fd, buffer);
        for (let at = 0; at + SIZE.LINE_EVENT <= bytes; at += SIZE.LINE_EVENT) {
          const event = decodeEvent(buffer, at);
          events.push({
            edge: event.rising ? 'rising' : 'falling',
            timestampNs: event.timestampNs,
            sequence: event.lineSequence,
          });
        }
      } catch (error) {
        end(() => reject(new HalError('HAL_IO', 'collecting edges failed', { cause: error })));
        return;
      }
      if (events.length >= count) end(() => resolve(events.slice(0, count)));
    });
    const timer = clock.after(timeoutMs, () => end(() => resolve(events)));
  });
}
