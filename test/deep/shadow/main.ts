/** `tsx test/deep/shadow/main.ts [rounds]`: the crash run of the shadows alone. */
import { crashShadows } from './crash.js';

const rounds = Number(process.argv[2] ?? 200);
const began = performance.now();
const figures = await crashShadows(rounds, Math.random);
const seconds = Math.round((performance.now() - began) / 1000);
console.log(`shadows: ${JSON.stringify(figures)} in ${seconds} s`);
process.exit(figures.lost || figures.broken || figures.outOfOrder ? 1 : 0);
