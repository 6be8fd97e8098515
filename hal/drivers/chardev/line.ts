import type { Line, LineIdentity, LineValue, OutputLine } from '../../contract.js';
import { HalError } from '../../errors.js';
import { describe, lineFailure } from './failure.js';
import { decodeLineValue, encodeLineValue, IOCTL } from './layout.js';
import type { GpioUapi } from './uapi.js';

export interface HeldLineDeps {
  readonly uapi: GpioUapi;
  readonly identity: LineIdentity;
  /** The descriptor of the request; the line closes it. */
  readonly fd: number;
  /** Tells the driver that the line is no longer held. */
  readonly released: (line: Line) => void;
}

/** A line that the kernel gave us: one request, one descriptor. */
export abstract class HeldLine implements Line {
  readonly identity: LineIdentity;
  protected readonly uapi: GpioUapi;
  protected readonly fd: number;
  readonly #released: (line: Line) => void;
  readonly #answer = encodeLineValue(0);
  #open = true;

  constructor(deps: HeldLineDeps) {
    this.identity = deps.identity;
    this.uapi = deps.uapi;
    this.fd = deps.fd;
    this.#released = deps.released;
  }

  async read(): Promise<LineValue> {
    this.assertOpen();
    const errno = this.uapi.ioctl(this.fd, IOCTL.GET_VALUES, this.#answer);
    if (errno !== 0) throw lineFailure(this.identity, 'reading', errno);
    return decodeLineValue(this.#answer) ? 'active' : 'inactive';
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    try {
      this.beforeClose();
    } finally {
      this.uapi.close(this.fd);
      this.#released(this);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** What must happen while the line is still held. The line is closed also when it throws. */
  protected beforeClose(): void {}

  protected assertOpen(): void {
    if (!this.#open) throw new HalError('HAL_CLOSED', `line ${describe(this.identity)} was closed`);
  }
}

const WRITTEN = Promise.resolve();

export class HeldOutput extends HeldLine implements OutputLine {
  readonly #active = encodeLineValue(1);
  readonly #inactive = encodeLineValue(0);

  constructor(
    deps: HeldLineDeps,
    private readonly safe: LineValue,
  ) {
    super(deps);
  }

  get endsActive(): boolean {
    return this.safe === 'active';
  }

  /** Not an async function, whose promises would cost as much as the write. */
  write(value: LineValue): Promise<void> {
    try {
      this.assertOpen();
      this.#set(value);
      return WRITTEN;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** One synchronous call: header lines answer from a register within a microsecond, so a thread would cost more. */
  #set(value: LineValue): void {
    const errno = this.uapi.ioctl(
      this.fd,
      IOCTL.SET_VALUES,
      value === 'active' ? this.#active : this.#inactive,
    );
    if (errno !== 0) throw lineFailure(this.identity, 'writing', errno);
  }

  protected override beforeClose(): void {
    this.#set(this.safe);
  }
}
