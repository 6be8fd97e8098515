import { describe, expect, it } from 'vitest';
import { healthOf, type PartState, type PartStatus } from '../../src/status.js';

function part(kind: string, state: PartState, cause?: string): PartStatus {
  return { name: kind, kind, state, ...(cause !== undefined && { cause }) };
}

const WELL = [part('gpio', 'ok'), part('core', 'ok'), part('led', 'ok'), part('function', 'ok')];

describe('health', () => {
  it('is good when all parts are, and when what a light does without waits for a network', () => {
    const good = { carrying: true, ready: true, healthy: true, causes: [] };
    expect(healthOf({ parts: WELL, uptimeSeconds: 1 })).toEqual(good);
    const waiting = ['function', 'cloud', 'spool', 'listener'].map((kind) =>
      part(kind, 'degraded', 'no network'),
    );
    expect(healthOf({ parts: [...WELL, ...waiting], uptimeSeconds: 1 })).toEqual(good);
  });

  it('is not there before the things have their core, and no longer waited for after 20 s', () => {
    const parts = [...WELL, part('led', 'degraded', 'no core yet')];
    expect(healthOf({ parts, uptimeSeconds: 19 })).toEqual({
      carrying: true,
      ready: false,
      healthy: false,
      causes: ['led is waited for: no core yet'],
    });
    expect(healthOf({ parts, uptimeSeconds: 20 })).toMatchObject({ ready: true, healthy: true });
  });

  it('is bad with a part that failed; only a carrying one keeps the watchdog hungry', () => {
    for (const kind of ['led', 'function', 'cloud']) {
      expect(healthOf({ parts: [...WELL, part(kind, 'failed', 'broken')], uptimeSeconds: 90 })).toEqual({
        carrying: true,
        ready: true,
        healthy: false,
        causes: [`${kind} has failed: broken`],
      });
    }
    for (const kind of ['gpio', 'core', 'listener']) {
      expect(healthOf({ parts: [part(kind, 'failed')], uptimeSeconds: 90 })).toMatchObject({
        carrying: false,
        healthy: false,
        causes: [`${kind} has failed: no cause given`],
      });
    }
  });
});
