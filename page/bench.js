/** What a hand can do at the bench beside the board: the weather at a sensor, and what stands before it. */
import { h, post } from './dom.js';
import { t } from './text.js';

const SLIDERS = {
  temperatureC: { label: 'temperature', low: -20, high: 50, unit: '°C', first: 21 },
  humidityPercent: { label: 'humidity', low: 0, high: 100, unit: '%', first: 50 },
  distanceCm: { label: 'distance', low: 2, high: 400, unit: 'cm', first: 150 },
};

export class Bench {
  #sensors = new Map();

  draw({ things, shadows }) {
    this.#sensors.clear();
    const sensors = things.filter((thing) => thing.sliders.length > 0);
    if (sensors.length === 0) return undefined;
    const drawn = sensors.map((thing) => this.#sensor(thing, shadows[thing.name]));
    return h('div', { class: 'bench' }, h('h3', {}, t('bench')), drawn);
  }

  /** The sliders stand where the sensor measures, until a hand has moved them. */
  follow(name, shadow) {
    this.#sensors.get(name)?.(shadow?.reported);
  }

  #sensor({ name, sliders: keys }, shadow) {
    const values = Object.fromEntries(keys.map((key) => [key, SLIDERS[key].first]));
    let touched = false;
    const error = h('p', { class: 'error', role: 'alert' });
    const send = async () => {
      try {
        await post('/api/exposure', { thing: name, ...values });
        error.textContent = '';
      } catch ({ message }) {
        error.textContent = message;
      }
    };
    const slider = (key) => {
      const { label, low, high, unit } = SLIDERS[key];
      const output = h('output', {});
      const input = h('input', { type: 'range', min: low, max: high, step: 0.5, 'data-exposure': key });
      const tell = () => {
        output.textContent = `${values[key]} ${unit}`;
        input.setAttribute('aria-valuetext', output.textContent);
      };
      input.addEventListener('input', () => {
        touched = true;
        values[key] = Number(input.value);
        tell();
      });
      input.addEventListener('change', send);
      const follow = () => {
        input.value = values[key];
        tell();
      };
      return { element: h('label', {}, h('span', {}, t(label)), input, output), follow };
    };
    const sliders = keys.map(slider);
    const follow = (reported) => {
      if (touched) return;
      for (const key of keys) if (typeof reported?.[key] === 'number') values[key] = reported[key];
      for (const each of sliders) each.follow();
    };
    this.#sensors.set(name, follow);
    follow(shadow?.reported);
    return h(
      'fieldset',
      { 'data-sensor': name },
      h('legend', {}, name),
      sliders.map(({ element }) => element),
      error,
    );
  }
}
