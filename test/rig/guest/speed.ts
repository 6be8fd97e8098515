/** `speed.js`: toggles per second and CPU time per write of each driver, beside a C program on the same kernel. */
import { execFileSync } from 'node:child_process';
import type { DriverName } from '../../../hal/index.js';
import { startDriver } from './lines.js';

const LINE = 'GPIO17';
const TOGGLES = 20_000;

async function measure(name: DriverName): Promise<void> {
  const driver = await startDriver(name);
  const line = await driver.output(LINE, 'speed', { initial: 'inactive' });
  const toggle = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n += 1) await line.write(n % 2 === 0 ? 'active' : 'inactive');
  };
  await toggle(2_000);
  const cpu = process.cpuUsage();
  const began = process.hrtime.bigint();
  await toggle(TOGGLES);
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  const { user, system } = process.cpuUsage(cpu);
  const rate = Math.round(TOGGLES / seconds);
  const perWrite = ((user + system) / TOGGLES).toFixed(1);
  console.log(`figure: ${name}: ${rate} toggles/s, ${perWrite} µs CPU per write`);
  await driver.stop();
}

await measure('chardev');
await measure('onoff');
const c = execFileSync('/opt/rig/toggle', ['/dev/gpiochip0', '17', String(TOGGLES * 5)], {
  encoding: 'utf8',
});
console.log(`figure: C on the same kernel: ${c.trim()} toggles/s`);
process.exit(0);
