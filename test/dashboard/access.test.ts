import { describe, expect, it } from 'vitest';
import { runApp } from '../support/app.js';
import { ask, CROSSING, post, runPage } from './support.js';

const DESIRED = { thing: 'GG_TrafficLight', desired: { property: 'G' } };
const TOKEN = 'a-token-of-many-letters';

describe('who may ask the live page', () => {
  it('refuses a name that is not its own, so that DNS rebinding gains nothing', async () => {
    const { url } = await runPage();
    const { port } = new URL(url);
    for (const host of ['evil.example', `evil.example:${port}`, 'localhost.evil.example']) {
      expect((await ask(`${url}/api/state`, { headers: { host } })).status, host).toBe(421);
      expect((await ask(url, { headers: { host } })).status, host).toBe(421);
    }
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`]) {
      expect((await ask(`${url}/api/state`, { headers: { host } })).status, host).toBe(200);
    }
  });

  it('refuses what a page of another site makes a browser send', async () => {
    const { url, app } = await runPage();
    const before = await app.core!.shadows.read('GG_TrafficLight');
    const crossSite = [
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { origin: url.replace('http', 'https') },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ];
    for (const headers of crossSite) {
      expect((await post(`${url}/api/desired`, DESIRED, headers as never)).status).toBe(403);
    }
    expect((await ask(`${url}/api/state`, { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403);
    // a form needs no preflight, but cannot send JSON
    const form = await ask(`${url}/api/desired`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: JSON.stringify(DESIRED),
    });
    expect(form.status).toBe(415);
    expect((await app.core!.shadows.read('GG_TrafficLight'))?.desired).toEqual(before?.desired);
    expect((await post(`${url}/api/desired`, DESIRED, { origin: url })).status).toBe(200);
  });

  it('refuses a body that is too long, also when its length is not said', async () => {
    const { url } = await runPage();
    const body = JSON.stringify({ thing: 'x', desired: { text: 'x'.repeat(50_000) } });
    const json = { 'content-type': 'application/json' };
    const said = { ...json, 'content-length': String(body.length) };
    expect((await ask(`${url}/api/desired`, { method: 'POST', headers: said, body })).status).toBe(413);
    const chunked = { ...json, 'transfer-encoding': 'chunked' };
    expect((await ask(`${url}/api/desired`, { method: 'POST', headers: chunked, body })).status).toBe(413);
  });

  it('refuses headers and addresses that are too long', async () => {
    const { url } = await runPage();
    const long = 'x'.repeat(20_000);
    expect((await ask(`${url}/api/state`, { headers: { cookie: `a=${long}` } })).status).toBe(431);
    expect((await ask(`${url}/api/state?${long}`)).status).toBe(431);
    expect((await ask(`${url}/api/state`)).status).toBe(200);
  });

  it('asks for the token where one is set', async () => {
    const { url } = await runPage(CROSSING.replace('{ port: 0 }', `{ port: 0, token: ${TOKEN} }`));
    const history = ['/api/history/cars', '/api/history/things', '/api/history/things/GG_Relay.csv'];
    for (const path of ['/api/state', '/api/events', '/api/cars.csv', ...history]) {
      expect((await ask(url + path)).status, path).toBe(401);
    }
    expect((await post(`${url}/api/desired`, DESIRED)).status).toBe(401);
    const wrong = { authorization: `Bearer ${TOKEN}x` };
    expect((await ask(`${url}/api/state`, { headers: wrong })).status).toBe(401);
    expect((await post(`${url}/api/session`, { token: 'not it' })).status).toBe(401);
    // the page's own files hold no secret
    expect((await ask(url)).status).toBe(200);
    const session = await post(`${url}/api/session`, { token: TOKEN });
    const cookie = String(session.headers['set-cookie']);
    expect(cookie).toMatch(/HttpOnly; SameSite=Strict$/);
    expect((await ask(`${url}/api/state`, { headers: { cookie: cookie.split(';')[0]! } })).status).toBe(200);
    const right = { authorization: `Bearer ${TOKEN}` };
    expect((await ask(`${url}/api/state`, { headers: right })).status).toBe(200);
  });

  it('does not listen beyond loopback without a token, and only over TLS with one', async () => {
    const open = CROSSING.replace('{ port: 0 }', '{ host: 0.0.0.0, port: 0 }');
    await expect(runApp(open)).rejects.toMatchObject({ code: 'DASHBOARD_OPEN' });
    const withToken = CROSSING.replace('{ port: 0 }', `{ host: 127.0.0.1, port: 0, token: ${TOKEN} }`);
    expect((await runApp(withToken)).app.dashboard).toMatch(/^http:/);
  });

  it('lets nothing in that is not its own, and nobody frame it', async () => {
    const { url } = await runPage();
    const { headers, body } = await ask(url);
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(body).not.toMatch(/<script(?![^>]*src=)|\sstyle=|\son\w+=|https?:\/\//);
    expect((await ask(`${url}/../package.json`)).status).toBe(404);
    expect((await ask(`${url}/%2e%2e/package.json`)).status).toBe(404);
    expect((await ask(url, { method: 'DELETE' })).status).toBe(405);
  });
});
