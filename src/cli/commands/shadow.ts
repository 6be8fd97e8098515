import { isJsonObject, type JsonObject, type JsonValue } from '../../../hal/index.js';
import type { ControlClient } from '../../control/client.js';
import { EXIT } from '../exit.js';
import type { CliIo } from '../io.js';
import type { Register } from '../program.js';
import { instance, type StateOptions, withState } from '../state.js';

interface ShadowOptions extends StateOptions {
  readonly name?: string;
  readonly json?: boolean;
}

/** `greenlight shadow …`: a thing's documents, through the running core. */
export const registerShadow: Register = (program, { io, action }) => {
  const shadow = program.command('shadow').description('read, change and watch shadow documents');
  const sub = (usage: string, description: string) =>
    withState(shadow.command(usage))
      .description(description)
      .option('--name <shadow>', 'a named shadow instead of the classic one')
      .option('--json', 'as JSON');

  sub('get <thing>', 'the whole document').action(
    action(async (thing: string, options: ShadowOptions) => {
      const document = (await instance(options, io).call('GET', path(thing, options))) as JsonObject;
      io.out(options.json ? pretty(document) : render(thing, document));
      return undefined;
    }),
  );

  sub('set <thing> <values...>', 'set desired properties: KEY=VALUE (JSON or text), or one JSON object')
    .option('--reported', 'set reported instead of desired')
    .option('--wait <duration>', 'wait until reported follows, at most this long (5s, 500ms, 1m)')
    .action(
      action(
        async (
          thing: string,
          values: string[],
          options: ShadowOptions & { reported?: boolean; wait?: string },
        ) => {
          const state = parseValues(values);
          const wait = options.wait === undefined ? undefined : parseWait(options.wait);
          if (state === undefined || Number.isNaN(wait)) {
            io.err(
              state === undefined
                ? 'greenlight: write KEY=VALUE, or one JSON object: greenlight shadow set GG_TrafficLight property=G\n'
                : `greenlight: --wait ${options.wait} is no duration; write 5s, 500ms or 1m\n`,
            );
            return EXIT.usage;
          }
          const section = options.reported ? 'reported' : 'desired';
          const client = instance(options, io);
          const answer = (await client.call('POST', path(thing, options), {
            state: { [section]: state },
          })) as JsonObject;
          if (wait === undefined) {
            io.out(options.json ? pretty(answer) : renderSet(thing, answer));
            return undefined;
          }
          return waitForReported(client, path(thing, options), wait, {
            thing,
            io,
            json: options.json === true,
          });
        },
      ),
    );

  sub('watch <thing>', 'each accepted change, until Ctrl-C').action(
    action(async (thing: string, options: ShadowOptions) => {
      for await (const change of instance(options, io).stream(path(thing, options, '/watch'), io.signal)) {
        if (options.json) io.out(`${JSON.stringify(change)}\n`);
        else io.out(renderChange(thing, change as JsonObject));
      }
      return undefined;
    }),
  );

  sub('list <thing>', 'names of its named shadows').action(
    action(async (thing: string, options: ShadowOptions) => {
      const answer = (await instance(options, io).call('GET', `/shadows/${encodeURIComponent(thing)}`)) as {
        results: string[];
      };
      io.out(
        options.json
          ? pretty(answer as unknown as JsonObject)
          : answer.results.map((name) => `${name}\n`).join(''),
      );
      return undefined;
    }),
  );

  sub('delete <thing>', 'forget the document; its version goes on from there').action(
    action(async (thing: string, options: ShadowOptions) => {
      const answer = (await instance(options, io).call('DELETE', path(thing, options))) as JsonObject;
      io.out(options.json ? pretty(answer) : `${thing}: deleted at version ${String(answer.version)}\n`);
      return undefined;
    }),
  );
};

function path(thing: string, options: ShadowOptions, tail = ''): string {
  const query = options.name === undefined ? '' : `?name=${encodeURIComponent(options.name)}`;
  return `/shadow/${encodeURIComponent(thing)}${tail}${query}`;
}

function pretty(value: JsonValue): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** KEY=VALUE pairs, VALUE as JSON where it is JSON and as text otherwise; dots in KEY go into objects. */
export function parseValues(values: readonly string[]): JsonObject | undefined {
  if (values.length === 1 && values[0]!.startsWith('{')) {
    const parsed = parseJson(values[0]!);
    return isJsonObject(parsed) ? parsed : undefined;
  }
  const state: Record<string, JsonValue> = {};
  for (const pair of values) {
    const at = pair.indexOf('=');
    if (at <= 0) return undefined;
    const keys = pair.slice(0, at).split('.');
    let target = state;
    for (const key of keys.slice(0, -1)) {
      const inner = isJsonObject(target[key]) ? { ...target[key] } : {};
      target[key] = inner;
      target = inner;
    }
    const text = pair.slice(at + 1);
    target[keys.at(-1)!] = parseJson(text) ?? (text === 'null' ? null : text);
  }
  return state;
}

function parseJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    // plain text, as in property=G
    return undefined;
  }
}

/** Milliseconds, or NaN. */
function parseWait(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text);
  return match ? Number(match[1]) * { ms: 1, s: 1_000, m: 60_000 }[match[2] as 'ms' | 's' | 'm'] : Number.NaN;
}

function section(document: JsonObject, name: string): string {
  const state = isJsonObject(document.state) ? document.state : {};
  return state[name] === undefined ? '(nothing)' : JSON.stringify(state[name]);
}

function render(thing: string, document: JsonObject): string {
  const lines = [
    `${thing}: version ${String(document.version)}`,
    `  desired   ${section(document, 'desired')}`,
    `  reported  ${section(document, 'reported')}`,
  ];
  if (isJsonObject(document.state) && document.state.delta !== undefined)
    lines.push(`  delta     ${section(document, 'delta')}`);
  return `${lines.join('\n')}\n`;
}

function renderSet(thing: string, answer: JsonObject): string {
  const delta =
    answer.delta === undefined ? 'nothing left to do' : `still to do: ${JSON.stringify(answer.delta)}`;
  return `${thing}: accepted as version ${String(answer.version)}; ${delta}\n`;
}

function renderChange(thing: string, change: JsonObject): string {
  const current = isJsonObject(change.current) ? change.current : undefined;
  if (current === undefined) return `${thing}: deleted\n`;
  return `${thing}: version ${String(current.version)}  desired ${section(current, 'desired')}  reported ${section(current, 'reported')}\n`;
}

/** Asks until the document has no delta. Exit code 1 when it still has one at the end of the time. */
async function waitForReported(
  client: ControlClient,
  where: string,
  limitMs: number,
  { thing, io, json }: { thing: string; io: CliIo; json: boolean },
): Promise<number> {
  const document = (await client.call(
    'GET',
    `${where}${where.includes('?') ? '&' : '?'}settle=${limitMs}`,
    undefined,
    limitMs,
  )) as JsonObject;
  const state = isJsonObject(document.state) ? document.state : {};
  const followed = state.delta === undefined;
  if (json) io.out(pretty(document));
  else if (followed)
    io.out(
      `${thing}: done, reported ${section(document, 'reported')} at version ${String(document.version)}\n`,
    );
  else
    io.out(
      `${thing}: not done after ${limitMs} ms, still to do: ${section(document, 'delta')}; reported ${section(document, 'reported')}\n`,
    );
  return followed ? EXIT.done : EXIT.no;
}
