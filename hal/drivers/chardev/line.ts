import type { LineValue, OutputLine } from '../../contract.js';
import { HeldLine, type HeldLineDeps } from '../held-line.js';
import { lineFailure } from './failure.js';
import { decodeLineValue, encodeLineValue, IOCTL } from './layout.js';
import type { GpioUapi } from './uapi.js';

export interface KernelLineDeps extends HeldLineDeps {
  readonly uapi: GpioUapi;
  /** The descriptor of the request; the line closes it. */
  readonly fd: number;
}

/** A line that the kernel gave us: one request, one descriptor. */
export abstract class KernelLine extends HeldLine {
  protected readonly uapi: GpioUapi;
  protected readonly fd: number;
  readonly #answer = encodeLineValue(0);

  constructor(deps: KernelLineDeps) {
    super(deps);
    this.uapi = deps.uapi;
    this.fd = deps.fd;
  }

  async read(): Promise<LineValue> {
    this.assertOpen();
    const errno = this.uapi.ioctl(this.fd, IOCTL.GET_VALUES, this.#answer);
    if (errno !== 0) throw lineFailure(this.identity, 'reading', errno);
    return decodeLineValue(this.#answer) ? 'active' : 'inactive';
  }

  protected override letGo(): void {
    try {
      this.beforeClose();
    } finally {
      this.uapi.close(this.fd);
    }
  }

  /** What must happen while the descriptor is still open. */
  protected abstract beforeClose(): void;
}

const WRITTEN = Promise.resolve();

export class KernelOutput extends KernelLine implements OutputLine {
  readonly #active = encodeLineValue(1);
  readonly #inactive = encodeLineValue(0);

  constructor(
    deps: KernelLineDeps,
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
