/**
 * `npm run test:rig`: drivers and application on emulated boards with real kernel drivers, seen and driven from
 * outside. Builds all it needs from Debian and npm packages. With `--install`, or with CI=true, missing tools are
 * installed (root); on a machine without them it says so and ends. GREENLIGHT_RIG_DIR keeps what was built.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Application, followsItsShadow, obeysItsButton } from './host/application.js';
import { buildImage, type GuestImage } from './host/image.js';
import { Machine, type MachineKind } from './host/machine.js';
import { answerQuestions, type Outside, outsideOf } from './host/outside.js';
import { step } from './host/shell.js';
import { installTools, missingTools } from './host/tools.js';

const GUEST = 'node /opt/rig/test/rig/guest';
const CONTRACT_LIMIT_MS = 300_000;
const inCi = process.env.CI === 'true';
const count = { passed: 0, failed: 0 };

/** An emulated board stalls for seconds now and then; a fault stays one on every try. */
const TRIES = 3;

/** Runs one part; a failure is told, tried again and in the end counted, and the others still run. */
async function part(title: string, work: () => Promise<readonly string[]>): Promise<void> {
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    const began = Date.now();
    try {
      for (const line of await work()) process.stdout.write(`    ${line}\n`);
      count.passed += 1;
      process.stdout.write(`ok      ${title} (${((Date.now() - began) / 1000).toFixed(1)} s)\n`);
      return;
    } catch (error) {
      process.stdout.write(
        `FAILED  ${title}, try ${attempt} of ${TRIES}\n${error instanceof Error ? error.stack : error}\n`,
      );
    }
  }
  count.failed += 1;
}

async function onBoard(
  kind: MachineKind,
  image: GuestImage,
  work: (machine: Machine, outside: Outside) => Promise<void>,
): Promise<void> {
  const machine = new Machine(kind, image);
  try {
    await step(`booting ${kind}`, () => machine.start());
    const outside = await outsideOf(machine);
    answerQuestions(machine, outside);
    await work(machine, outside);
  } finally {
    await machine.stop();
  }
}

/** The driver contract in the guest. Skipped cases are named with the reason. */
async function contract(machine: Machine, driver: string): Promise<readonly string[]> {
  const { output, code } = await machine.try(
    `${GUEST}/contract.js ${driver} ${machine.kind}`,
    CONTRACT_LIMIT_MS,
  );
  if (code !== 0) throw new Error(output);
  return output.split('\n').filter((line) => !line.includes('passed   '));
}

async function program(machine: Machine, name: string): Promise<readonly string[]> {
  return (await machine.run(`${GUEST}/${name}`, CONTRACT_LIMIT_MS)).split('\n');
}

async function raspberryPi(machine: Machine, outside: Outside): Promise<void> {
  for (const driver of ['chardev', 'onoff']) {
    await part(`the driver contract: ${driver} on the Pi's pin controller`, () => contract(machine, driver));
  }
  await part('sensors that are not there', () => program(machine, 'sensors.js'));
  await part('speed of the drivers', () => program(machine, 'speed.js'));
  const lamps = { red: 17, yellow: 27, green: 22 };
  const application = new Application({ machine, outside, config: 'crossing.yaml', lamps });
  await part('the light follows its shadow, also over kill -9', () => followsItsShadow(application));
  await part('an ordinary stop puts red on and the others off', async () => {
    assert.equal(await application.stop(), 0);
    const levels = [];
    for (const offset of [lamps.red, lamps.yellow, lamps.green]) levels.push(await outside.level(offset));
    assert.deepEqual(levels, [1, 0, 0]);
    const lit = (await application.lit()) || 'nothing';
    return [`this kernel makes a released line an input; driven on after the exit: ${lit}`];
  });
}

async function virtualBoard(machine: Machine, outside: Outside): Promise<void> {
  for (const driver of ['chardev', 'onoff']) {
    await part(`the driver contract: ${driver} with edges from outside`, () => contract(machine, driver));
  }
  await part('inputs that wait hold up nothing', () => program(machine, 'waiting.js'));
  await part('latency of edges', () => program(machine, 'latency.js'));
  const button = 4;
  await outside.drive(button, 1);
  const application = new Application({
    machine,
    outside,
    config: 'button.yaml',
    lamps: { red: 0, yellow: 1, green: 2 },
  });
  await part('a button pressed from outside advances the light', () =>
    obeysItsButton(application, async () => {
      // A contact that bounces as it closes.
      for (const level of [0, 1, 0] as const) await outside.drive(button, level);
      await sleep(200);
      await outside.drive(button, 1);
      await sleep(200);
    }),
  );
  await part('an ordinary stop leaves red lit and nothing else', async () => {
    assert.equal(await application.stop(), 0);
    assert.equal(await application.lit(), 'red');
    return [];
  });
}

async function main(): Promise<number> {
  const missing = missingTools();
  if (missing.length > 0 && !inCi && !process.argv.includes('--install')) {
    const packages = [...new Set(missing.map((tool) => tool.package))].join(' ');
    process.stdout.write(
      `skipped: the emulated boards need ${missing.map((tool) => tool.program).join(', ')}; ` +
        `install ${packages} (Debian), or run with --install as root\n`,
    );
    return 0;
  }
  if (missing.length > 0) await installTools(missing);
  const kept = process.env.GREENLIGHT_RIG_DIR;
  const folder = kept ?? (await mkdtemp(join(tmpdir(), 'greenlight-rig-image-')));
  try {
    const root = fileURLToPath(new URL('../..', import.meta.url));
    const image = await buildImage({ root, folder });
    await onBoard('raspi3b', image, raspberryPi);
    await onBoard('virt', image, virtualBoard);
  } finally {
    if (kept === undefined) await rm(folder, { recursive: true, force: true });
  }
  process.stdout.write(`${count.passed} passed, ${count.failed} failed\n`);
  return count.failed === 0 ? 0 : 1;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
process.exitCode = await main();
