/** A kernel's GPIO character devices in memory, behind the driver's port: structs in, structs and events out. */
import { constants } from 'node:os';
import { ATTRIBUTE, FLAG, IOCTL, SIZE } from '../../../hal/drivers/chardev/layout.js';
import type { GpioUapi } from '../../../hal/drivers/chardev/uapi.js';
import type { Clock, Timer } from '../../../hal/index.js';

const { EBUSY, EINVAL, ENODEV, ENXIO, EPERM } = constants.errno;
const DEFAULT_EVENTS = 16;

export interface SimulatedChip {
  readonly label: string;
  readonly names: readonly string[];
  /** False: the chip refuses edges, as one without interrupts does. */
  readonly interrupts?: boolean;
}

interface Line {
  readonly offset: number;
  readonly name: string;
  consumer: string | undefined;
  flags: number;
  /** Electrical level, 0 or 1. */
  level: number;
  driven: number | undefined;
}

interface Request {
  readonly line: Line;
  readonly limit: number;
  readonly events: Buffer[];
  sequence: number;
  debounceMs: number;
  stable: number;
  timer: Timer | undefined;
  onReadable: (() => void) | undefined;
  failing: boolean;
}

export class SimulatedKernel implements GpioUapi {
  /** How often each ioctl was called. */
  readonly calls = new Map<number, number>();
  readonly #chips: (SimulatedChip & { readonly lines: readonly Line[] })[] = [];
  readonly #gone = new Set<number>();
  readonly #fds = new Map<number, number | Request>();
  #nextFd = 100;

  constructor(
    private readonly clock: Clock,
    chips: readonly SimulatedChip[],
  ) {
    for (const chip of chips) this.plug(chip);
  }

  plug(chip: SimulatedChip): void {
    const lines = chip.names.map((name, offset) => ({
      offset,
      name,
      consumer: undefined,
      flags: FLAG.INPUT,
      level: 0,
      driven: undefined,
    }));
    this.#chips.push({ ...chip, lines });
  }

  unplug(label: string): void {
    this.#gone.add(this.#chips.findIndex((chip) => chip.label === label));
  }

  /** Descriptors that are open. */
  get descriptors(): number {
    return this.#fds.size;
  }

  /** Puts a level on a line from outside, or lets it float. */
  drive(label: string, offset: number, level: 0 | 1 | undefined): void {
    const line = this.#line(label, offset);
    line.driven = level;
    this.#settle(line);
  }

  level(label: string, offset: number): number {
    return this.#line(label, offset).level;
  }

  flags(label: string, offset: number): number {
    return this.#line(label, offset).flags;
  }

  hold(label: string, offset: number, consumer: string): void {
    this.#line(label, offset).consumer = consumer;
  }

  /** From now on reading a line's events fails. */
  breakEvents(): void {
    for (const each of this.#fds.values()) {
      if (typeof each === 'number') continue;
      each.failing = true;
      each.onReadable?.();
    }
  }

  chipPaths(): readonly string[] {
    return this.#chips
      .map((_, index) => `/dev/gpiochip${index}`)
      .filter((_, index) => !this.#gone.has(index));
  }

  open(path: string): number {
    return this.#give(Number(path.slice('/dev/gpiochip'.length)));
  }

  close(fd: number): void {
    const target = this.#fds.get(fd);
    if (target === undefined) throw Object.assign(new Error('EBADF'), { code: 'EBADF' });
    this.#fds.delete(fd);
    if (typeof target === 'number') return;
    target.timer?.cancel();
    target.line.consumer = undefined;
    // The BCM2835 driver makes a released line an input; the level stays.
    target.line.flags = FLAG.INPUT;
  }

  ioctl(fd: number, request: number, argument: Buffer): number {
    this.calls.set(request, (this.calls.get(request) ?? 0) + 1);
    const target = this.#fds.get(fd);
    if (typeof target === 'number') return this.#chipCall(target, request, argument);
    if (target === undefined) return ENODEV;
    return this.#lineCall(target, request, argument);
  }

  readEvents(fd: number, into: Buffer): number {
    const target = this.#fds.get(fd);
    if (target === undefined || typeof target === 'number') throw new Error('EBADF');
    if (target.failing) throw Object.assign(new Error('ENODEV: no such device, read'), { code: 'ENODEV' });
    const count = Math.min(target.events.length, Math.floor(into.length / SIZE.LINE_EVENT));
    for (const [index, event] of target.events.splice(0, count).entries()) {
      event.copy(into, index * SIZE.LINE_EVENT);
    }
    return count * SIZE.LINE_EVENT;
  }

  watch(fd: number, onReadable: () => void): { close(): void } {
    const target = this.#fds.get(fd);
    if (target === undefined || typeof target === 'number') throw new Error('EBADF');
    let open = true;
    const ready = (): void => {
      setImmediate(() => {
        if (!open || (target.events.length === 0 && !target.failing)) return;
        onReadable();
        if (target.events.length > 0) ready();
      });
    };
    target.onReadable = ready;
    ready();
    return {
      close: () => {
        open = false;
        target.onReadable = undefined;
      },
    };
  }

  #give(target: number | Request): number {
    const fd = this.#nextFd++;
    this.#fds.set(fd, target);
    return fd;
  }

  #line(label: string, offset: number): Line {
    const line = this.#chips.find((chip) => chip.label === label)?.lines[offset];
    if (line === undefined) throw new Error(`no line ${label}:${offset}`);
    return line;
  }

  #chipCall(index: number, request: number, bytes: Buffer): number {
    const chip = this.#chips[index];
    if (chip === undefined || this.#gone.has(index)) return ENODEV;
    if (request === IOCTL.CHIP_INFO) {
      bytes.write(`gpiochip${index}`, 0);
      bytes.write(chip.label, 32);
      bytes.writeUInt32LE(chip.lines.length, 64);
      return 0;
    }
    const line = chip.lines[bytes.readUInt32LE(request === IOCTL.LINE_INFO ? 64 : 0)];
    if (line === undefined) return EINVAL;
    if (request === IOCTL.LINE_INFO) {
      bytes.write(line.name, 0);
      bytes.write(line.consumer ?? '', 32);
      bytes.writeUInt32LE(line.flags | (line.consumer === undefined ? 0 : FLAG.USED), 72);
      return 0;
    }
    if (request !== IOCTL.LINE_REQUEST) return EINVAL;
    if (line.consumer !== undefined) return EBUSY;
    const made: Request = {
      line,
      limit: bytes.readUInt32LE(564) || DEFAULT_EVENTS,
      events: [],
      sequence: 0,
      debounceMs: 0,
      stable: line.level,
      timer: undefined,
      onReadable: undefined,
      failing: false,
    };
    const errno = this.#configure(made, bytes.subarray(288, 560), chip.interrupts !== false);
    if (errno !== 0) return errno;
    line.consumer = bytes.toString('utf8', 256, 288).replace(/\0.*$/s, '');
    bytes.writeInt32LE(this.#give(made), 588);
    return 0;
  }

  #lineCall(target: Request, request: number, bytes: Buffer): number {
    const { line } = target;
    const inverted = line.flags & FLAG.ACTIVE_LOW ? 1 : 0;
    switch (request) {
      case IOCTL.SET_CONFIG:
        return this.#configure(target, bytes, true);
      case IOCTL.GET_VALUES:
        bytes.writeUInt32LE(line.level ^ inverted, 0);
        return 0;
      case IOCTL.SET_VALUES:
        if (!(line.flags & FLAG.OUTPUT)) return EPERM;
        line.level = (bytes.readUInt32LE(0) & 1) ^ inverted;
        return 0;
      default:
        return EINVAL;
    }
  }

  #configure(target: Request, config: Buffer, interrupts: boolean): number {
    const flags = config.readUInt32LE(0);
    const edges = flags & (FLAG.EDGE_RISING | FLAG.EDGE_FALLING);
    if (edges && !interrupts) return ENXIO;
    if (flags & FLAG.OUTPUT && flags & FLAG.INPUT) return EINVAL;
    target.line.flags = flags;
    for (let index = 0; index < config.readUInt32LE(8); index += 1) {
      const at = 32 + index * 24;
      const value = config.readUInt32LE(at + 8);
      if (config.readUInt32LE(at) === ATTRIBUTE.VALUES) {
        target.line.level = (value & 1) ^ (flags & FLAG.ACTIVE_LOW ? 1 : 0);
      } else if (config.readUInt32LE(at) === ATTRIBUTE.DEBOUNCE) {
        target.debounceMs = value / 1000;
      }
    }
    if (flags & FLAG.INPUT) this.#settle(target.line);
    target.stable = target.line.level;
    return 0;
  }

  /** What an input's level is: driven from outside, or pulled by its bias, or as it was. */
  #settle(line: Line): void {
    if (line.flags & FLAG.OUTPUT) return;
    const before = line.level;
    if (line.driven !== undefined) line.level = line.driven;
    else if (line.flags & FLAG.PULL_UP) line.level = 1;
    else if (line.flags & FLAG.PULL_DOWN) line.level = 0;
    if (line.level === before) return;
    for (const target of this.#fds.values()) {
      if (typeof target !== 'number' && target.line === line) this.#edge(target);
    }
  }

  #edge(target: Request): void {
    if (target.debounceMs === 0) {
      this.#queue(target);
      return;
    }
    target.timer?.cancel();
    target.timer = this.clock.after(target.debounceMs, () => {
      if (target.line.level !== target.stable) this.#queue(target);
    });
  }

  #queue(target: Request): void {
    const { line } = target;
    target.stable = line.level;
    const rising = (line.level === 1) !== ((line.flags & FLAG.ACTIVE_LOW) !== 0);
    if (!(line.flags & (rising ? FLAG.EDGE_RISING : FLAG.EDGE_FALLING))) return;
    target.sequence += 1;
    const event = Buffer.alloc(SIZE.LINE_EVENT);
    event.writeBigUInt64LE(this.clock.monotonicNs(), 0);
    event.writeUInt32LE(rising ? 1 : 2, 8);
    event.writeUInt32LE(line.offset, 12);
    event.writeUInt32LE(target.sequence, 16);
    event.writeUInt32LE(target.sequence, 20);
    target.events.push(event);
    if (target.events.length > target.limit) target.events.shift();
    target.onReadable?.();
  }
}
