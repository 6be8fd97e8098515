/** What a hand can do at the bench beside the board: the weather at each climate sensor. */
import { h, post } from './dom.js';
import { t } from './text.js';

export class Bench {
  #sensors = new Map();

  draw({ things, shadows }) {
    this.#sensors.clear();
    const sensors = things.filter((thing) => thing.sliders);
    if (sensors.length === 0) return undefined;
    const drawn = sensors.map((thing) => this.#sensor(thing.name, shadows[thing.name]));
    return h('div', { class: 'bench' }, h('h3', {}, t('bench')), drawn);
  }

  /** The sliders stand where the sensor measures, until a hand has moved them. */
  follow(name, shadow) {
    this.#sensors.get(name)?.(shadow?.reported);
  }

  #sensor(name, shadow) {
    const values = { temperatureC: 21, humidityPercent: 50 };
    let touched = false;
    const error = h('p', { class: 'error', role: 'alert' });
    const send = async () => {
      try {
        await post('/api/climate', { thing: name, ...values });
        error.textContent = '';
      } catch ({ message }) {
        error.textContent = message;
      }
    };
    const slider = (key, label, low, high, unit) => {
      const output = h('output', {});
      const input = h('input', { type: 'range', min: low, max: high, step: 0.5, 'data-climate': key });
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
      return { element: h('label', {}, h('span', {}, label), input, output), follow };
    };
    const sliders = [
      slider('temperatureC', t('temperature'), -20, 50, '°C'),
      slider('humidityPercent', t('humidity'), 0, 100, '%'),
    ];
    const follow = (reported) => {
      if (touched) return;
      for (const key of Object.keys(values))
        if (typeof reported?.[key] === 'number') values[key] = reported[key];
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
