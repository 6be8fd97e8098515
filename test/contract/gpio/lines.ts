/** Finding lines, driving them and reading them. */
import assert from 'node:assert/strict';
import { CONSUMER, type GpioCase, lineOf, listed, rejects } from './bench.js';

export const ADDRESSES: readonly GpioCase[] = [
  {
    title: 'lists its chips and their lines',
    needs: [],
    async run(rig) {
      const chips = await rig.driver.chips();
      const lines = await rig.driver.lines();
      assert.ok(chips.length > 0);
      for (const chip of chips) {
        assert.equal(lines.filter((line) => line.chip === chip.label).length, chip.lines, chip.label);
      }
      for (const address of rig.free) assert.equal((await listed(rig, address)).consumer, undefined);
    },
  },
  {
    title: 'finds the same line by name and by chip and offset',
    needs: [],
    async run(rig) {
      const found = await rig.driver.resolve(lineOf(rig, 0));
      assert.deepEqual(await rig.driver.resolve({ chip: found.chip, offset: found.offset }), found);
      if (found.name !== '') assert.deepEqual(await rig.driver.resolve(found.name), found);
    },
  },
  {
    title: 'rejects a line that no chip has with HAL_LINE_UNKNOWN, by name, chip or offset',
    needs: [],
    async run(rig) {
      const { chip } = await rig.driver.resolve(lineOf(rig, 0));
      await rejects(rig.driver.resolve('NO_SUCH_LINE'), 'HAL_LINE_UNKNOWN', /NO_SUCH_LINE/);
      await rejects(rig.driver.resolve({ chip, offset: 4_000 }), 'HAL_LINE_UNKNOWN', /4000/);
      await rejects(
        rig.driver.resolve({ chip: 'no-such-chip', offset: 0 }),
        'HAL_LINE_UNKNOWN',
        /no-such-chip/,
      );
      await rejects(rig.driver.output('NO_SUCH_LINE', CONSUMER, { initial: 'inactive' }), 'HAL_LINE_UNKNOWN');
    },
  },
  {
    title: 'rejects an address of no known form with HAL_ARGUMENT',
    needs: [],
    async run(rig) {
      await rejects(rig.driver.resolve('J8:1'), 'HAL_ARGUMENT', /carries no GPIO/);
      await rejects(rig.driver.resolve('17 or so'), 'HAL_ARGUMENT');
      await rejects(rig.driver.input('17 or so', CONSUMER), 'HAL_ARGUMENT');
    },
  },
  {
    title: 'names the holder of a line, in the list and to whoever wants it too',
    needs: [],
    async run(rig) {
      const address = lineOf(rig, 0);
      const line = await rig.driver.output(address, 'front lamp', { initial: 'inactive' });
      const info = await listed(rig, address);
      assert.equal(info.direction, 'output');
      assert.equal(info.consumer, 'front lamp');
      await rejects(rig.driver.input(address, CONSUMER), 'HAL_LINE_BUSY', /front lamp/);
      await rejects(
        rig.driver.output(address, CONSUMER, { initial: 'active' }),
        'HAL_LINE_BUSY',
        /front lamp/,
      );
      await line.close();
      assert.equal((await listed(rig, address)).consumer, undefined);
      await (await rig.driver.input(address, CONSUMER)).close();
    },
  },
  {
    title: 'keeps 31 bytes of a long consumer',
    needs: [],
    async run(rig) {
      const address = lineOf(rig, 0);
      const line = await rig.driver.output(address, 'a consumer whose name is longer than the kernel keeps', {
        initial: 'inactive',
      });
      assert.equal((await listed(rig, address)).consumer, 'a consumer whose name is longer');
      await line.close();
    },
  },
];

export const OUTPUTS: readonly GpioCase[] = [
  {
    title: 'reads back the initial value and each value written',
    needs: [],
    async run(rig) {
      for (const activeLow of [false, true]) {
        for (const initial of ['active', 'inactive'] as const) {
          const line = await rig.driver.output(lineOf(rig, 0), CONSUMER, { initial, activeLow });
          assert.equal(await line.read(), initial);
          for (const value of ['active', 'active', 'inactive', 'active'] as const) {
            await line.write(value);
            assert.equal(await line.read(), value);
          }
          await line.close();
        }
      }
    },
  },
  {
    title: 'puts the level on the line that value and polarity ask for',
    needs: ['observe'],
    async run(rig) {
      const address = lineOf(rig, 0);
      for (const activeLow of [false, true]) {
        const line = await rig.driver.output(address, CONSUMER, { initial: 'active', activeLow });
        assert.equal(await rig.observe?.(address), activeLow ? 'low' : 'high');
        await line.write('inactive');
        assert.equal(await rig.observe?.(address), activeLow ? 'high' : 'low');
        await line.close();
      }
    },
  },
  {
    title: 'leaves the safe value on the line when it is closed, inactive by default',
    needs: ['observe'],
    async run(rig) {
      const address = lineOf(rig, 0);
      const plain = await rig.driver.output(address, CONSUMER, { initial: 'active' });
      await plain.close();
      assert.equal(await rig.observe?.(address), 'low');
      const red = await rig.driver.output(address, CONSUMER, { initial: 'inactive', safe: 'active' });
      await red.close();
      assert.equal(await rig.observe?.(address), 'high');
      const relay = await rig.driver.output(address, CONSUMER, { initial: 'active', activeLow: true });
      await relay.close();
      assert.equal(await rig.observe?.(address), 'high');
    },
  },
  {
    title: 'gives every line its safe value when the driver stops',
    needs: ['observe'],
    async run(rig) {
      const [a, b] = [lineOf(rig, 0), lineOf(rig, 1)];
      await rig.driver.output(a, CONSUMER, { initial: 'active' });
      await rig.driver.output(b, CONSUMER, { initial: 'inactive', safe: 'active' });
      await rig.driver.stop();
      assert.equal(await rig.observe?.(a), 'low');
      assert.equal(await rig.observe?.(b), 'high');
    },
  },
  {
    title: 'writes in call order, also when nobody waits',
    needs: [],
    async run(rig) {
      const line = await rig.driver.output(lineOf(rig, 0), CONSUMER, { initial: 'inactive' });
      for (const last of ['active', 'inactive'] as const) {
        const writes = Array.from({ length: 41 }, (_, index) =>
          line.write(index % 2 === 0 ? last : last === 'active' ? 'inactive' : 'active'),
        );
        await Promise.all(writes);
        assert.equal(await line.read(), last);
      }
      await line.close();
    },
  },
  {
    title: 'refuses a drive mode that it does not have, and names the setting',
    needs: ['no drive mode'],
    async run(rig) {
      await rejects(
        rig.driver.output(lineOf(rig, 0), CONSUMER, { initial: 'inactive', drive: 'open-drain' }),
        'HAL_UNSUPPORTED',
        /open-drain|drive/,
      );
      assert.equal((await listed(rig, lineOf(rig, 0))).consumer, undefined);
    },
  },
];

export const INPUTS: readonly GpioCase[] = [
  {
    title: 'reads what is on the line, after polarity',
    needs: ['drive'],
    async run(rig) {
      const address = lineOf(rig, 0);
      for (const activeLow of [false, true]) {
        const line = await rig.driver.input(address, CONSUMER, { activeLow });
        for (const level of ['high', 'low', 'high'] as const) {
          await rig.drive?.(address, level);
          assert.equal(await line.read(), (level === 'high') !== activeLow ? 'active' : 'inactive');
        }
        await line.close();
      }
    },
  },
  {
    title: 'pulls a floating line as its bias says',
    needs: ['drive', 'bias'],
    async run(rig) {
      const address = lineOf(rig, 0);
      await rig.drive?.(address, undefined);
      for (const [bias, value] of [
        ['pull-up', 'active'],
        ['pull-down', 'inactive'],
        ['pull-up', 'active'],
      ] as const) {
        const line = await rig.driver.input(address, CONSUMER, { bias });
        assert.equal(await line.read(), value, bias);
        await line.close();
      }
    },
  },
  {
    title: 'refuses a bias that it does not have, and names the setting',
    needs: ['no bias'],
    async run(rig) {
      await rejects(
        rig.driver.input(lineOf(rig, 0), CONSUMER, { bias: 'pull-up' }),
        'HAL_UNSUPPORTED',
        /pull-up|bias/,
      );
      assert.equal((await listed(rig, lineOf(rig, 0))).consumer, undefined);
    },
  },
  {
    title: 'rejects a debounce time that is none with HAL_ARGUMENT',
    needs: [],
    async run(rig) {
      for (const debounceMs of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
        await rejects(rig.driver.input(lineOf(rig, 0), CONSUMER, { debounceMs }), 'HAL_ARGUMENT');
      }
    },
  },
];
