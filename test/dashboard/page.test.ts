import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../support/app.js';
import { ask, events, post, runPage } from './support.js';

describe('the live page', () => {
  it('tells everything at first, then what changes', async () => {
    const { app, url } = await runPage();
    const ended = new AbortController();
    onTestFinished(() => ended.abort());
    const stream = events(url, ended.signal);
    const first = (await stream.next()).value!;
    expect(first.event).toBe('state');
    const state = JSON.parse(first.data);
    expect(state).toMatchObject({
      group: 'crossing',
      writable: true,
      board: { driver: 'mock', bench: true },
    });
    expect(state.things.map(({ name }: { name: string }) => name)).toEqual([
      'GG_TrafficLight',
      'GG_Switch',
      'GG_Relay',
      'Elsewhere',
    ]);
    expect(state.certificates).toContainEqual(
      expect.objectContaining({ kind: 'thing', name: 'GG_Relay', revoked: null }),
    );
    expect(state.certificates.map(({ kind }: { kind: string }) => kind)).toEqual(
      expect.arrayContaining(['server', 'ca']),
    );

    const seen = { shadow: false, line: false, message: false };
    await post(`${url}/api/desired`, { thing: 'GG_Relay', desired: { on: true } });
    for await (const { event, data } of stream) {
      if (event !== 'change') continue;
      const { shadows = {}, lines = [], messages = [] } = JSON.parse(data);
      seen.shadow ||= shadows.GG_Relay?.reported?.on === true && shadows.GG_Relay.delta === undefined;
      seen.line ||= lines.some(
        (line: { name: string; value: string }) => line.name === 'GPIO5' && line.value === 'active',
      );
      seen.message ||= messages.some(({ from }: { from: string }) => from === 'GG_Relay');
      if (seen.shadow && seen.line && seen.message) break;
    }
    expect(seen).toEqual({ shadow: true, line: true, message: true });
    expect(app.status().parts.find(({ name }) => name === 'dashboard')?.state).toBe('ok');
  });

  it('listens to messages only while somebody looks', async () => {
    const { app, url } = await runPage();
    const { events: broker } = app.core!.broker;
    expect(broker.listenerCount('message')).toBe(0);
    const ended = new AbortController();
    const stream = events(url, ended.signal);
    await stream.next();
    expect(broker.listenerCount('message')).toBe(1);
    ended.abort();
    // what had come before it is still given
    const read = async () => {
      for await (const _ of stream);
    };
    await expect(read()).rejects.toThrow();
    await expect.poll(() => broker.listenerCount('message'), { timeout: 10_000 }).toBe(0);
  });

  it('presses a drawn button, and the light goes on by one', async () => {
    const { app, url } = await runPage();
    const ready = async () => {
      const part = app.status().parts.find(({ name }) => name === 'GG_Switch');
      const shadow = await app.core!.shadows.read('GG_TrafficLight');
      return part?.state === 'ok' && shadow?.reported?.value.property === 'R';
    };
    await expect.poll(ready, { timeout: 10_000 }).toBe(true);
    const lit = eventually(
      app,
      'thing',
      ({ name, state: now }) => name === 'GG_TrafficLight' && now.property === 'G',
    );
    await post(`${url}/api/line`, { line: 'GPIO23', level: 'low' });
    // the contact is held until the light has followed: it is debounced
    await lit;
    await post(`${url}/api/line`, { line: 'GPIO23', level: null });
  });

  it('tells why a thing that is gone is gone, until it comes back', async () => {
    const { url, control } = await runPage();
    const gone = async () => JSON.parse((await ask(`${url}/api/state`)).body).departures.GG_Relay;
    expect(await gone()).toBeUndefined();
    await control.call('POST', '/things/GG_Relay/revoke');
    await expect.poll(gone, { timeout: 10_000 }).toMatchObject({
      cause: expect.stringMatching(/revoked/),
      at: expect.any(Number),
    });
  });

  it('says in words what is wrong with a request', async () => {
    const { url } = await runPage();
    const refused = async (path: string, body: unknown) => JSON.parse((await post(url + path, body)).body);
    expect(await refused('/api/line', { line: 'GPIO99', level: 'low' })).toMatchObject({
      code: 'HAL_LINE_UNKNOWN',
    });
    expect(await refused('/api/line', { line: 'GPIO23', level: 5 })).toMatchObject({
      code: 'DASHBOARD_REQUEST',
    });
    expect(await refused('/api/desired', { thing: '../x', desired: {} })).toMatchObject({
      code: 'DASHBOARD_REQUEST',
    });
    expect(await refused('/api/desired', { thing: 'GG_Relay', desired: 5 })).toMatchObject({
      code: 'DASHBOARD_REQUEST',
    });
    expect(await refused('/api/nothing', {})).toMatchObject({ message: 'there is no such action' });
    expect(await refused('/api/why', { client: 'Elsewhere', topic: 'a/b' })).toMatchObject({ passes: false });
    const broken = await ask(`${url}/api/line`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{',
    });
    expect(broken.status).toBe(400);
  });

  it('gives the statistics as a table', async () => {
    const { url } = await runPage();
    const { headers, body } = await ask(`${url}/api/cars.csv`);
    expect(headers['content-type']).toContain('text/csv');
    expect(body).toBe('Time,Thing,Window,TotalTraffic,TotalGreenlights,MinCarsPassing,MaxCarsPassing\r\n');
  });
});
