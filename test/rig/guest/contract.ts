/**
 * The driver contract on real kernel drivers: `contract.js DRIVER BOARD`. Levels are put on lines and seen on them by
 * the emulator, from outside this guest. Exits 1 when a case fails.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DriverName } from '../../../hal/index.js';
import { GPIO_CASES, type GpioCase, type GpioRig, unmet } from '../../contract/gpio-driver-cases.js';
import { Host } from './host.js';
import { type Board, boardOf, FREE, startDriver } from './lines.js';

const name = process.argv[2] as DriverName;
const board = boardOf(process.argv[3]);
const host = new Host();

/** The emulator's own limits: its Pi has neither edge interrupts nor pull resistors, its other board no resistors. */
function emulatorLacks(each: GpioCase): string | undefined {
  if (each.needs.includes('bias')) return 'the emulator has no pull resistors';
  if (board === 'raspi3b' && each.needs.includes('edges')) return 'the emulated Pi has no edge interrupts';
  if (board === 'virt' && /open-drain/.test(each.title)) return 'the chip has no drive modes';
  return undefined;
}

async function makeRig(of: Board): Promise<GpioRig> {
  const driver = await startDriver(name);
  const offsets = new Map<unknown, number>();
  for (const line of FREE[of]) offsets.set(line, (await driver.resolve(line)).offset);
  const offsetOf = (line: unknown): number => offsets.get(line) ?? -1;
  return {
    driver,
    free: FREE[of],
    pass: (ms) => sleep(ms),
    drive: async (line, level) => {
      await host.ask({ do: 'drive', offset: offsetOf(line), level: level === 'high' ? 1 : 0 });
      // Software emulation takes its time until the interrupt is served.
      await sleep(10);
    },
    observe: async (line) =>
      (await host.ask({ do: 'observe', offset: offsetOf(line) })) === 1 ? 'high' : 'low',
    close: () => driver.stop(),
  };
}

let failed = 0;
const count = { passed: 0, skipped: 0 };
for (const each of GPIO_CASES) {
  const rig = await makeRig(board);
  try {
    const reason = unmet(rig, each.needs) ?? emulatorLacks(each);
    if (reason !== undefined) {
      count.skipped += 1;
      console.log(`  skipped  ${each.title} (${reason})`);
      continue;
    }
    await each.run(rig);
    count.passed += 1;
    console.log(`  passed   ${each.title}`);
  } catch (error) {
    failed += 1;
    console.log(`  FAILED   ${each.title}\n${error instanceof Error ? error.stack : error}`);
  } finally {
    await rig.close();
  }
}
console.log(`${name} on ${board}: ${count.passed} passed, ${failed} failed, ${count.skipped} skipped`);
host.close();
process.exit(failed === 0 ? 0 : 1);
