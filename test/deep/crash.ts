/** `npm run crash [PART…] [--rounds N]`: kill −9 suites. Prints what each saw; exits 1 when anything was lost. */
import { crashApp } from './app/crash.js';

const PARTS: Readonly<
  Record<
    string,
    {
      readonly rounds: number;
      readonly run: (rounds: number, random: () => number) => Promise<Record<string, number>>;
    }
  >
> = {
  app: { rounds: 40, run: crashApp },
};

/** Figures that must be 0. */
const MUST_BE_ZERO = ['lost', 'broken', 'missing', 'doubled', 'outOfOrder'];

const args = process.argv.slice(2);
const at = args.indexOf('--rounds');
const rounds = at >= 0 ? Number(args[at + 1]) : undefined;
const wanted = args.filter((arg, i) => !arg.startsWith('--') && (at < 0 || i !== at + 1));
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
