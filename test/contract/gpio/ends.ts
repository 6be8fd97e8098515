/** Closing, stopping, and what only some drivers have. */
import assert from 'node:assert/strict';
import { CONSUMER, type GpioCase, lineOf, listed, rejects } from './bench.js';

export const ENDS: readonly GpioCase[] = [
  {
    title: 'rejects every use of a closed line with HAL_CLOSED, and closes twice without complaint',
    needs: [],
    async run(rig) {
      const output = await rig.driver.output(lineOf(rig, 0), CONSUMER, { initial: 'inactive' });
      const input = await rig.driver.input(lineOf(rig, 1), CONSUMER);
      await output.close();
      await output[Symbol.asyncDispose]();
      await input[Symbol.asyncDispose]();
      await input.close();
      await rejects(output.write('active'), 'HAL_CLOSED');
      await rejects(output.read(), 'HAL_CLOSED');
      await rejects(input.read(), 'HAL_CLOSED');
    },
  },
  {
    title: 'closes its lines and refuses new ones after stop, twice without complaint',
    needs: [],
    async run(rig) {
      const output = await rig.driver.output(lineOf(rig, 0), CONSUMER, { initial: 'inactive' });
      const input = await rig.driver.input(lineOf(rig, 1), CONSUMER, { debounceMs: 5 });
      await rig.driver.stop();
      await rig.driver.stop();
      await rejects(output.write('active'), 'HAL_CLOSED');
      await rejects(input.read(), 'HAL_CLOSED');
      await rejects(rig.driver.input(lineOf(rig, 1), CONSUMER), 'HAL_CLOSED');
      await output.close();
      await input.close();
    },
  },
  {
    title: 'starts again after stop, with its lines free',
    needs: [],
    async run(rig) {
      await rig.driver.output(lineOf(rig, 0), CONSUMER, { initial: 'inactive' });
      await rig.driver.stop();
      await rig.driver.start(new AbortController().signal);
      const line = await rig.driver.output(lineOf(rig, 0), CONSUMER, { initial: 'active' });
      assert.equal(await line.read(), 'active');
    },
  },
];

export const EXTRAS: readonly GpioCase[] = [
  {
    title: 'takes duties within 0..1 and no others',
    needs: ['pwm'],
    async run(rig) {
      const line = await rig.driver.pwm(lineOf(rig, 0), CONSUMER, { frequencyHz: 1_000, duty: 0 });
      for (const duty of [0, 0.25, 1]) await line.setDuty(duty);
      for (const duty of [-0.1, 1.1, Number.NaN]) await rejects(line.setDuty(duty), 'HAL_ARGUMENT');
      await line.close();
      await rejects(line.setDuty(0.5), 'HAL_CLOSED');
      await rejects(rig.driver.pwm(lineOf(rig, 0), CONSUMER, { frequencyHz: 0, duty: 0 }), 'HAL_ARGUMENT');
    },
  },
  {
    title: 'says that it has no PWM',
    needs: ['no pwm'],
    run: (rig) =>
      rejects(rig.driver.pwm(lineOf(rig, 0), CONSUMER, { frequencyHz: 1_000, duty: 0 }), 'HAL_UNSUPPORTED'),
  },
  {
    title: 'takes pulse widths of 500..2500 µs and 0, and no others',
    needs: ['servo'],
    async run(rig) {
      const line = await rig.driver.servo(lineOf(rig, 0), CONSUMER);
      for (const us of [500, 1_500, 2_500, 0]) await line.setPulseWidth(us);
      for (const us of [1, 499, 2_501, -1, Number.NaN]) await rejects(line.setPulseWidth(us), 'HAL_ARGUMENT');
      await line.close();
      await rejects(line.setPulseWidth(1_500), 'HAL_CLOSED');
    },
  },
  {
    title: 'says that it drives no servo',
    needs: ['no servo'],
    run: (rig) => rejects(rig.driver.servo(lineOf(rig, 0), CONSUMER), 'HAL_UNSUPPORTED'),
  },
  {
    title: 'captures no more edges than asked for, in order, and lets the line go',
    needs: ['pulse capture'],
    async run(rig) {
      const address = lineOf(rig, 0);
      const request = {
        consumer: CONSUMER,
        driveMs: 2,
        edge: 'both',
        bias: 'as-is',
        count: 4,
        timeoutMs: 20,
      } as const;
      assert.ok(rig.driver.pulses !== undefined);
      let done = false;
      const work = rig.driver.pulses.capture(address, request).finally(() => {
        done = true;
      });
      for (let waited = 0; !done && waited < 2_000; waited += 5) await rig.pass(5);
      const edges = await work;
      assert.ok(edges.length <= 4);
      assert.equal((await listed(rig, address)).consumer, undefined);
      for (const count of [0, 1_025, 1.5]) {
        await rejects(rig.driver.pulses.capture(address, { ...request, count }), 'HAL_ARGUMENT');
      }
    },
  },
  {
    title: 'has no pulse capture and says so',
    needs: ['no pulse capture'],
    async run(rig) {
      assert.equal(rig.driver.pulses, undefined);
    },
  },
];
