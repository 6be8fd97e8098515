/**
 * A folder that looks like /sys/class/gpio, and a stand-in for the package onoff that works on it as the package does
 * on the real one (whose path it has built in). The real package runs on the emulated Pi.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OnoffConstructor, OnoffGpio } from '../../../hal/drivers/onoff/package.js';

type Direction = 'in' | 'high' | 'low';
type Selection = 'none' | 'rising' | 'falling' | 'both' | undefined;

export class FakeSysfs {
  readonly Gpio: OnoffConstructor;
  readonly #watched = new Map<number, FakeGpio>();
  readonly #levels = new Map<number, 0 | 1>();
  /** Lines that the kernel or another program holds. */
  readonly busy = new Set<number>();

  constructor(readonly root: string) {
    const sysfs = this;
    mkdirSync(root, { recursive: true });
    writeFileSync(join(root, 'export'), '');
    this.Gpio = class extends FakeGpio {
      constructor(
        number: number,
        direction: Direction,
        edge: Selection,
        { activeLow }: { activeLow: boolean },
      ) {
        super(sysfs, { number, direction, edge, activeLow });
      }
    };
  }

  addChip(base: number, label: string, lines: number): void {
    const folder = join(this.root, `gpiochip${base}`);
    mkdirSync(folder);
    for (const [file, text] of Object.entries({ base, label, ngpio: lines })) {
      writeFileSync(join(folder, file), `${text}\n`);
    }
  }

  /** Electrical. */
  level(number: number): 0 | 1 {
    return this.#levels.get(number) ?? 0;
  }

  set(number: number, level: 0 | 1): void {
    if (this.level(number) === level) return;
    this.#levels.set(number, level);
    this.#watched.get(number)?.changed();
  }

  /** Several levels before the poll looks: it sees the last one only. */
  merge(number: number, levels: readonly (0 | 1)[]): void {
    for (const level of levels) this.#levels.set(number, level);
    this.#watched.get(number)?.changed();
  }

  exported(number: number): string {
    return join(this.root, `gpio${number}`);
  }

  watch(number: number, gpio: FakeGpio | undefined): void {
    if (gpio) this.#watched.set(number, gpio);
    else this.#watched.delete(number);
  }
}

interface Settings {
  readonly number: number;
  readonly direction: Direction;
  readonly edge: Selection;
  readonly activeLow: boolean;
}

class FakeGpio implements OnoffGpio {
  readonly #listeners: ((error: Error | null, value: 0 | 1) => void)[] = [];

  constructor(
    private readonly sysfs: FakeSysfs,
    private readonly settings: Settings,
  ) {
    const { number, direction, activeLow } = settings;
    if (sysfs.busy.has(number)) throw Object.assign(new Error('EBUSY: busy, write'), { code: 'EBUSY' });
    const folder = sysfs.exported(number);
    if (!existsSync(folder)) mkdirSync(folder);
    writeFileSync(join(folder, 'active_low'), activeLow ? '1' : '0');
    // As the kernel: "high" and "low" are electrical.
    if (direction !== 'in') sysfs.set(number, direction === 'high' ? 1 : 0);
    writeFileSync(join(folder, 'direction'), direction === 'in' ? 'in\n' : 'out\n');
  }

  readSync(): 0 | 1 {
    return this.sysfs.level(this.settings.number) === (this.settings.activeLow ? 0 : 1) ? 1 : 0;
  }

  writeSync(value: 0 | 1): void {
    if (readFileSync(join(this.sysfs.exported(this.settings.number), 'direction'), 'utf8') !== 'out\n') {
      throw Object.assign(new Error('EPERM: operation not permitted, write'), { code: 'EPERM' });
    }
    this.sysfs.set(this.settings.number, (value === 1) !== this.settings.activeLow ? 1 : 0);
  }

  watch(callback: (error: Error | null | undefined, value: 0 | 1) => void): void {
    this.#listeners.push(callback);
    this.sysfs.watch(this.settings.number, this);
  }

  unwatchAll(): void {
    this.#listeners.length = 0;
  }

  unexport(): void {
    this.sysfs.watch(this.settings.number, undefined);
    rmSync(this.sysfs.exported(this.settings.number), { recursive: true });
  }

  changed(): void {
    const value = this.readSync();
    const { edge } = this.settings;
    if (edge !== 'both' && edge !== (value === 1 ? 'rising' : 'falling')) return;
    for (const listener of [...this.#listeners]) listener(null, value);
  }
}
