/**
 * The kernel's own dht11 driver (config.txt: `dtoverlay=dht11,gpiopin=4`, for DHT11 and DHT22 alike), read through
 * the files of industrial I/O: milli-degrees and milli-percent. One read is one conversion; EIO and ETIMEDOUT are
 * everyday.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HalError, messageOf } from '../errors.js';
import type { ClimateSource } from './source.js';

/** Where the kernel shows its I/O devices. */
export const IIO_ROOT = '/sys/bus/iio/devices';

interface IioDevice {
  readonly folder: string;
  /** `dht11@4`: the driver and the line it took. */
  readonly name: string;
}

/** The dht11 devices of the kernel, in order of their numbers. */
export async function findIioDevices(root = IIO_ROOT): Promise<readonly IioDevice[]> {
  let entries: readonly string[];
  try {
    entries = await readdir(root);
  } catch (error) {
    // A kernel without industrial I/O has no such folder, and so no such device.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new HalError('HAL_IO', `${root}: ${messageOf(error)}`, { cause: error });
  }
  const devices: IioDevice[] = [];
  for (const entry of entries.filter((each) => each.startsWith('iio:device')).sort()) {
    const name = (await readFile(join(root, entry, 'name'), 'utf8')).trim();
    if (/^dht(11|22)(@|$)/.test(name)) devices.push({ folder: join(root, entry), name });
  }
  return devices;
}

/**
 * A sensor that the kernel reads.
 * @param offset the line it is on, where the kernel has more than one
 * @throws {HalError} HAL_UNAVAILABLE when the kernel has none
 */
export async function iioSource(offset: number | undefined, root = IIO_ROOT): Promise<ClimateSource> {
  const devices = await findIioDevices(root);
  const device =
    devices.find((each) => offset !== undefined && each.name.endsWith(`@${offset.toString(16)}`)) ??
    devices[0];
  if (device === undefined) {
    throw new HalError(
      'HAL_UNAVAILABLE',
      'the kernel has no dht11 device; add "dtoverlay=dht11,gpiopin=N" to /boot/firmware/config.txt and reboot, or use method: edges',
    );
  }
  return {
    name: `${device.name} (iio)`,
    read: async () => ({
      temperatureC: await readMilli(join(device.folder, 'in_temp_input')),
      humidityPercent: await readMilli(join(device.folder, 'in_humidityrelative_input')),
    }),
    close: async () => {},
  };
}

async function readMilli(path: string): Promise<number> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new HalError(
      code === 'EACCES' ? 'HAL_PERMISSION' : 'HAL_SENSOR',
      `${path}: ${messageOf(error)}${code === 'ETIMEDOUT' ? '; is the sensor wired and supplied?' : ''}`,
      { cause: error },
    );
  }
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw new HalError('HAL_SENSOR', `${path}: "${text.trim()}" is no number`);
  return value / 1000;
}
