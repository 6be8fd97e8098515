import { describe, expect, it } from 'vitest';
import { CROSSING, post, runPage } from './support.js';

describe('a slider for a climate sensor on the mock board', () => {
  it('sets what it measures, however it is read', async () => {
    // without a method it is chosen by itself: made-up weather, as there is no real sensor here
    const sensors = [
      '{ name: Chosen, role: climate, line: GPIO4, sample: 2s }',
      '{ name: Lineless, role: climate, method: mock, sample: 2s }',
      '{ name: Edges, role: climate, line: GPIO6, method: edges, sample: 2s }',
    ];
    const lines = sensors.map((sensor) => `  - ${sensor}`).join('\n');
    const { app, url } = await runPage(CROSSING.replace('  - { name: Elsewhere }', lines));
    const names = ['Chosen', 'Lineless', 'Edges'];
    for (const [i, thing] of names.entries()) {
      const weather = { thing, temperatureC: 33.5 + i, humidityPercent: 12 };
      expect((await post(`${url}/api/exposure`, weather)).status).toBe(200);
    }
    for (const [i, thing] of names.entries()) {
      const reported = async () => (await app.core!.shadows.read(thing))?.reported?.value;
      await expect
        .poll(reported, { timeout: 15_000 })
        .toMatchObject({ temperatureC: 33.5 + i, humidityPercent: 12 });
    }
  }, 30_000);

  it('is refused for a thing without such a sensor, and for weather that there is not', async () => {
    const { url } = await runPage();
    const weather = { temperatureC: 20, humidityPercent: 50 };
    expect((await post(`${url}/api/exposure`, { thing: 'GG_Relay', ...weather })).status).toBe(400);
    const unknown = await post(`${url}/api/exposure`, { thing: 'GG_Relay', pressure: 1 });
    expect(unknown.body).toContain('only temperatureC, humidityPercent and distanceCm');
    expect(
      (await post(`${url}/api/exposure`, { thing: 'GG_Relay', ...weather, temperatureC: 900 })).status,
    ).toBe(400);
  });
});
