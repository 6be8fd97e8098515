import { expect, it } from 'vitest';
import { crashApp } from '../deep/app/crash.js';

it('keeps what it acknowledged when it is killed: shadows, versions, certificates, totals, rows', async () => {
  const { accepted, lost, broken, rounds } = await crashApp(3, Math.random);
  expect({ rounds, lost, broken }).toEqual({ rounds: 3, lost: 0, broken: 0 });
  expect(accepted).toBeGreaterThan(30);
}, 60_000);
