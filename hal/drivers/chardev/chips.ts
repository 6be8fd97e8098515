import { constants } from 'node:os';
import { type LineAddress, parseAddress } from '../../address.js';
import type { ChipInfo, LineIdentity, LineInfo } from '../../contract.js';
import { HalError } from '../../errors.js';
import { errnoName } from '../../ffi.js';
import { describe } from '../describe.js';
import { HEADER_CHIPS, specialFunction } from '../special-lines.js';
import { unknownLine } from '../unknown-line.js';
import { chipFailure, lineFailure } from './failure.js';
import {
  biasOf,
  type DecodedLineInfo,
  decodeChipInfo,
  decodeLineInfo,
  encodeLineInfoQuery,
  FLAG,
  IOCTL,
  SIZE,
} from './layout.js';
import type { GpioUapi } from './uapi.js';

interface Chip extends ChipInfo {
  readonly path: string;
  readonly fd: number;
  /** Kernel's name of each line; empty where it has none. */
  readonly names: readonly string[];
}

/** The machine's chips, held open, found by label and never by number: numbers move between kernels. */
export class Chips {
  #chips: readonly Chip[] = [];

  constructor(private readonly uapi: GpioUapi) {}

  /** Opens every chip. @throws {HalError} HAL_UNAVAILABLE when there is none; HAL_PERMISSION when none may be opened */
  open(): void {
    if (this.uapi.chipPaths().length === 0) {
      throw new HalError(
        'HAL_UNAVAILABLE',
        'no /dev/gpiochip* on this machine, so it has no GPIO lines; use hal: { driver: mock } on a laptop',
      );
    }
    const refused = this.#openNew();
    if (this.#chips.length === 0 && refused) throw refused;
  }

  close(): void {
    const chips = this.#chips;
    this.#chips = [];
    for (const chip of chips) this.uapi.close(chip.fd);
  }

  list(): readonly ChipInfo[] {
    return this.#chips.map(({ name, label, lines }) => ({ name, label, lines }));
  }

  lines(): readonly LineInfo[] {
    for (const chip of this.#chips)
      if (this.#query(chip.fd, 0) === constants.errno.ENODEV) this.#forget(chip);
    return this.#chips.flatMap((chip) => chip.names.map((_, offset) => this.#lineInfo(chip, offset)));
  }

  /** The descriptor of the chip that a resolved line is on. */
  fdOf(line: LineIdentity): number {
    const chip = this.#chips.find((candidate) => candidate.label === line.chip);
    if (chip === undefined) throw new HalError('HAL_CLOSED', `line ${describe(line)}: the driver is stopped`);
    return chip.fd;
  }

  /** Who holds the line, as the kernel says; undefined when it is free or nobody can tell. */
  holder(line: LineIdentity): string | undefined {
    const info = this.#query(this.fdOf(line), line.offset);
    if (typeof info === 'number') return undefined;
    return info.flags & FLAG.USED ? info.consumer || 'the kernel' : undefined;
  }

  /** Finds a line; one that is unknown is looked for once more on chips that came since. */
  resolve(address: LineAddress): LineIdentity {
    const parsed = parseAddress(address);
    const find = (): LineIdentity =>
      parsed.kind === 'offset' ? this.#byOffset(parsed.chip, parsed.offset) : this.#byName(parsed.name);
    try {
      return find();
    } catch (error) {
      if (!(error instanceof HalError) || error.code !== 'HAL_LINE_UNKNOWN') throw error;
      const known = this.#chips.length;
      this.#openNew();
      if (this.#chips.length === known) throw error;
      return find();
    }
  }

  /** Opens the chips that are not open yet. @returns the first that may not be opened; the others work without it */
  #openNew(): HalError | undefined {
    const open = new Set(this.#chips.map((chip) => chip.path));
    let refused: HalError | undefined;
    for (const path of this.uapi.chipPaths().filter((each) => !open.has(each))) {
      try {
        this.#chips = [...this.#chips, this.#openChip(path)];
      } catch (error) {
        if (!(error instanceof HalError)) throw error;
        refused ??= error;
      }
    }
    return refused;
  }

  /** A chip that was unplugged. */
  #forget(chip: Chip): void {
    this.#chips = this.#chips.filter((each) => each !== chip);
    this.uapi.close(chip.fd);
  }

  #byOffset(label: string, offset: number): LineIdentity {
    const chip = this.#chips.find((candidate) => candidate.label === label || candidate.name === label);
    if (chip === undefined) {
      const labels = this.#chips.map((candidate) => candidate.label).join(', ');
      throw new HalError('HAL_LINE_UNKNOWN', `no chip is labelled "${label}"; this machine has ${labels}`);
    }
    if (offset >= chip.lines) {
      throw new HalError(
        'HAL_LINE_UNKNOWN',
        `chip ${chip.label} has the lines 0..${chip.lines - 1}, not ${offset}`,
      );
    }
    return identity(chip, offset);
  }

  #byName(name: string): LineIdentity {
    const found = this.#chips.flatMap((chip) =>
      chip.names.flatMap((candidate, offset) => (candidate === name ? [{ chip, offset }] : [])),
    );
    const onHeader = found.find(({ chip }) => HEADER_CHIPS.includes(chip.label));
    const only = found.length === 1 ? found[0] : onHeader;
    if (only !== undefined) return identity(only.chip, only.offset);
    if (found.length > 1) {
      const places = found.map(({ chip, offset }) => `{ chip: ${chip.label}, offset: ${offset} }`).join(', ');
      throw new HalError('HAL_ARGUMENT', `line "${name}" is on several chips; write one of ${places}`);
    }
    // Kernels other than Raspberry Pi's name some lines by their function (GPIO4 is GPIO_GCLK); on the header's chip
    // the offset is the GPIO number all the same.
    const number = /^GPIO(\d{1,2})$/.exec(name);
    const header = this.#chips.find((chip) => HEADER_CHIPS.includes(chip.label));
    if (number && header && Number(number[1]) < header.lines) return identity(header, Number(number[1]));
    throw this.#unknown(name);
  }

  #unknown(name: string): HalError {
    const names = this.#chips.flatMap((chip) => chip.names);
    if (names.some((each) => each !== '')) return unknownLine(name, names);
    const labels = this.#chips.map((chip) => `${chip.label} (${chip.lines} lines)`).join(', ');
    return new HalError(
      'HAL_LINE_UNKNOWN',
      `line "${name}": lines here have no names; write { chip: LABEL, offset: N } with ${labels}`,
    );
  }

  #openChip(path: string): Chip {
    let fd: number;
    try {
      fd = this.uapi.open(path);
    } catch (error) {
      throw chipFailure(path, error as NodeJS.ErrnoException);
    }
    const bytes = Buffer.alloc(SIZE.CHIP_INFO);
    const errno = this.uapi.ioctl(fd, IOCTL.CHIP_INFO, bytes);
    if (errno !== 0) {
      this.uapi.close(fd);
      throw new HalError('HAL_IO', `${path}: does not answer as a GPIO chip (${errnoName(errno)})`);
    }
    const { name, label, lines } = decodeChipInfo(bytes);
    const names: string[] = [];
    for (let offset = 0; offset < lines; offset += 1) {
      const info = this.#query(fd, offset);
      if (typeof info === 'number') {
        this.uapi.close(fd);
        throw new HalError(
          'HAL_UNAVAILABLE',
          `${path}: this kernel does not know the GPIO uAPI v2 (${errnoName(info)}); it came with Linux 5.10, before it the driver onoff works`,
        );
      }
      names.push(info.name);
    }
    return { path, fd, name, label, lines, names };
  }

  #query(fd: number, offset: number): DecodedLineInfo | number {
    const bytes = encodeLineInfoQuery(offset);
    const errno = this.uapi.ioctl(fd, IOCTL.LINE_INFO, bytes);
    return errno === 0 ? decodeLineInfo(bytes) : errno;
  }

  #lineInfo(chip: Chip, offset: number): LineInfo {
    const info = this.#query(chip.fd, offset);
    if (typeof info === 'number') throw lineFailure(identity(chip, offset), 'asking for', info);
    const special = specialFunction(chip.label, offset);
    return {
      ...identity(chip, offset),
      direction: info.flags & FLAG.OUTPUT ? 'output' : info.flags & FLAG.INPUT ? 'input' : 'unknown',
      activeLow: (info.flags & FLAG.ACTIVE_LOW) !== 0,
      bias: biasOf(info.flags),
      consumer: info.flags & FLAG.USED ? info.consumer || 'the kernel' : undefined,
      ...(special === undefined ? {} : { special }),
    };
  }
}

function identity(chip: Chip, offset: number): LineIdentity {
  const own = chip.names[offset] ?? '';
  // A header line is called by its GPIO number everywhere, also where the kernel names it by its function.
  const name = HEADER_CHIPS.includes(chip.label) && offset <= 27 ? `GPIO${offset}` : own;
  return { chip: chip.label, offset, name };
}
