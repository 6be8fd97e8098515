/** `npm run crash [PART…] [--rounds N]`: kill −9 suites. Prints what each saw; exits 1 when anything was lost. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { crashApp } from './app/crash.js';
import { crashDeployments } from './deployments/crash.js';
import { crashShadows } from './shadow/crash.js';

type Figures = Readonly<Record<string, number>>;

interface Part {
  /** Kills; for `cloud` runs of some fifty kills each, for `sync` lives of two sides with each cloud. */
  readonly rounds: number;
  readonly run: (rounds: number, random: () => number) => Promise<Figures>;
}

const PARTS: Readonly<Record<string, Part>> = {
  app: { rounds: 40, run: crashApp },
  broker: {
    rounds: 200,
    run: async (rounds) => ({ rounds, failed: await program('broker/crash.ts', String(rounds)) }),
  },
  shadow: { rounds: 200, run: crashShadows },
  // beside these, one kill at each step of a deployment
  deployment: { rounds: 60, run: crashDeployments },
  cloud: {
    rounds: 1,
    run: async (rounds, random) => {
      let failed = 0;
      for (let round = 0; round < rounds; round += 1)
        failed += await program('cloud/crash.ts', String(Math.floor(random() * 1_000_000)));
      return { rounds, failed };
    },
  },
  sync: {
    rounds: 40,
    run: async (rounds) => ({ rounds, failed: await program('cloud/sync.ts', String(rounds)) }),
  },
};

/** Figures that must be 0. */
const MUST_BE_ZERO = ['lost', 'broken', 'missing', 'doubled', 'outOfOrder', 'failed'];

const args = process.argv.slice(2);
const at = args.indexOf('--rounds');
const rounds = at >= 0 ? Number(args[at + 1]) : undefined;
const wanted = args.filter((arg, i) => !arg.startsWith('--') && (at < 0 || i !== at + 1));
const unknown = wanted.filter((name) => !Object.hasOwn(PARTS, name));
if (unknown.length > 0) {
  console.error(`no part ${unknown.join(', ')}; there are ${Object.keys(PARTS).join(', ')}`);
  process.exit(2);
}
let failed = false;
for (const [name, part] of Object.entries(PARTS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const begin = performance.now();
  const figures = await part.run(rounds ?? part.rounds, Math.random);
  const bad = MUST_BE_ZERO.some((key) => (figures[key] ?? 0) !== 0);
  failed ||= bad;
  const text = Object.entries(figures).map(([key, value]) => `${key} ${value}`);
  console.log(
    `${name}: ${bad ? 'FAILED' : 'passed'} in ${Math.round((performance.now() - begin) / 1000)} s: ${text.join(', ')}`,
  );
}
process.exit(failed ? 1 : 0);

/** A suite that is a program of its own and prints its figures itself. @returns 0 when it found nothing, else 1 */
async function program(file: string, ...argv: string[]): Promise<number> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, ['--no-warnings', '--import', 'tsx', path, ...argv], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code === 0 ? 0 : 1;
}
