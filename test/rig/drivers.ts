/** Drivers and application, started by hand, on boards with nothing but a shell. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { LAMPS } from './host/appliance.js';
import { Application, followsItsShadow, obeysItsButton } from './host/application.js';
import type { GuestImage } from './host/image.js';
import { Machine, type MachineKind } from './host/machine.js';
import { answerQuestions, type Outside, outsideOf } from './host/outside.js';
import { step } from './host/shell.js';
import type { Parts } from './part.js';

const GUEST = 'node /opt/rig/test/rig/guest';
const CONTRACT_LIMIT_MS = 300_000;

interface Board {
  readonly machine: Machine;
  readonly outside: Outside;
  readonly parts: Parts;
}

export async function driversAndApplication(image: GuestImage, parts: Parts): Promise<void> {
  await onBoard('raspi3b', image, (board) => raspberryPi({ ...board, parts }));
  await onBoard('virt', image, (board) => virtualBoard({ ...board, parts }));
}

async function onBoard(
  kind: MachineKind,
  image: GuestImage,
  work: (board: Omit<Board, 'parts'>) => Promise<void>,
): Promise<void> {
  const machine = new Machine({ kind, image, init: 'shell' });
  try {
    await step(`booting ${kind}`, () => machine.start());
    const outside = await outsideOf(machine);
    answerQuestions(machine, outside);
    await work({ machine, outside });
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

async function raspberryPi({ machine, outside, parts }: Board): Promise<void> {
  for (const driver of ['chardev', 'onoff']) {
    await parts.run(`the driver contract: ${driver} on the Pi's pin controller`, () =>
      contract(machine, driver),
    );
  }
  await parts.run('sensors that are not there', () => program(machine, 'sensors.js'));
  await parts.run('speed of the drivers', () => program(machine, 'speed.js'));
  const lamps = LAMPS.raspi3b;
  const application = new Application({ machine, outside, config: 'crossing.yaml', lamps });
  await parts.run('the light follows its shadow, also over kill -9', () => followsItsShadow(application));
  await parts.run('an ordinary stop puts red on and the others off', async () => {
    assert.equal(await application.stop(), 0);
    assert.deepEqual(await application.light.levels(), [1, 0, 0]);
    const lit = (await application.light.lit()) || 'nothing';
    return [`this kernel makes a released line an input; driven on after the exit: ${lit}`];
  });
}

async function virtualBoard({ machine, outside, parts }: Board): Promise<void> {
  for (const driver of ['chardev', 'onoff']) {
    await parts.run(`the driver contract: ${driver} with edges from outside`, () =>
      contract(machine, driver),
    );
  }
  await parts.run('inputs that wait hold up nothing', () => program(machine, 'waiting.js'));
  await parts.run('latency of edges', () => program(machine, 'latency.js'));
  const button = 4;
  await outside.drive(button, 1);
  const application = new Application({
    machine,
    outside,
    config: 'button.yaml',
    lamps: LAMPS.virt,
  });
  await parts.run('a button pressed from outside advances the light', () =>
    obeysItsButton(application, async () => {
      // A contact that bounces as it closes.
      for (const level of [0, 1, 0] as const) await outside.drive(button, level);
      await sleep(200);
      await outside.drive(button, 1);
      await sleep(200);
    }),
  );
  await parts.run('an ordinary stop leaves red lit and nothing else', async () => {
    assert.equal(await application.stop(), 0);
    assert.equal(await application.light.lit(), 'red');
    return [];
  });
}
