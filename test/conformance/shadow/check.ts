import { messageOf } from '../../../hal/index.js';
import { type ShadowRestAnswer, shadowRest } from '../../../src/core/shadow/index.js';
import { ShadowCore } from './core.js';
import { Exchange, type Wire } from './exchange.js';
import type { Bench, Row } from './row.js';
import { ROWS } from './rows/index.js';
import { connectWire } from './wire.js';

export interface Result {
  readonly row: Row;
  /** By protocol: undefined when it passed, else why not. */
  readonly failures: Readonly<Record<string, string | undefined>>;
}

/** Drives every row over MQTT 3.1.1 and 5 against a core of its own. */
export async function checkRows(): Promise<Result[]> {
  const core = await ShadowCore.open();
  const wires = [await connectWire(core.url, 4, 'client-4'), await connectWire(core.url, 5, 'client-5')];
  try {
    const results: Result[] = [];
    for (const [index, row] of ROWS.entries()) {
      const failures: Record<string, string | undefined> = {};
      for (const wire of wires) failures[wire.label] = await check(core, wire, row, index);
      results.push({ row, failures });
    }
    return results;
  } finally {
    for (const wire of wires) await wire.close();
    await core.close();
  }
}

async function check(core: ShadowCore, wire: Wire, row: Row, index: number): Promise<string | undefined> {
  const thing = `T${index}-${wire.label === 'MQTT 5' ? 5 : 4}`;
  const late: Wire[] = [];
  const bench: Bench = {
    x: new Exchange(wire, thing),
    clock: core.clock,
    get service() {
      return core.service;
    },
    rest: (method, path, body, as = thing) => rest(core, method, path, body, as),
    restart: () => core.restart(),
    latecomer: async () => {
      const another = await connectWire(core.url, wire.label === 'MQTT 5' ? 5 : 4, `late-${thing}`);
      late.push(another);
      return new Exchange(another, thing);
    },
    lose: (topic, payload) => core.lose(wire.label === 'MQTT 5' ? 5 : 4, `lost-${thing}`, topic, payload),
    holdSaves: () => core.holdSaves(),
  };
  try {
    await row.check(bench);
    return undefined;
  } catch (error) {
    // a row that fails is the result, not the end
    return messageOf(error);
  } finally {
    for (const another of late) await another.close();
  }
}

function rest(
  core: ShadowCore,
  method: string,
  path: string,
  body: unknown,
  thing: string,
): Promise<ShadowRestAnswer> {
  const [before = '', query = ''] = path.split('?');
  return shadowRest(core.service)({
    thing,
    method,
    path: before,
    query: new URLSearchParams(query),
    body: body === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(body)),
  });
}
