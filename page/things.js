/** Every thing of the group: its role, connection and shadow, and what went wrong in words. */
import { h, json, post, show, table } from './dom.js';
import { age, t } from './text.js';

export class Things {
  #place;
  #cards = new Map();
  #state;
  #ask;

  constructor(place, ask) {
    this.#place = place;
    this.#ask = ask;
    setInterval(() => this.#ages(), 5000);
  }

  draw(state) {
    this.#state = state;
    this.#cards.clear();
    this.#place.replaceChildren(
      h(
        'div',
        { class: 'cards' },
        state.things.map((thing) => this.#card(thing)),
      ),
    );
    for (const thing of state.things) this.update(thing.name);
  }

  update(name) {
    const card = this.#cards.get(name);
    if (card === undefined) return;
    const { status, shadows } = this.#state;
    const part = status.parts.find((each) => each.name === name && each.kind === card.thing.role);
    const state =
      card.thing.role === undefined
        ? this.#state.connected.includes(name)
          ? 'online'
          : 'offline'
        : (part?.state ?? 'failed');
    const tone = { online: 'ok', offline: 'absent' }[state] ?? state;
    const connected = this.#state.connected.includes(name) || part?.state === 'ok';
    show(card.state, `${state}${connected}${document.documentElement.lang}`, () =>
      h('span', { class: `pill ${tone}` }, state === 'degraded' && !connected ? t('offline') : t(state)),
    );
    const shadow = shadows[name];
    const fault = shadow?.reported?.error;
    const cause = part?.cause ?? (fault?.message ? `${fault.code}: ${fault.message}` : '');
    if (card.cause.textContent !== cause) card.cause.textContent = cause;
    show(card.shadow, json(shadow) + document.documentElement.lang, () => shadowTable(name, shadow));
    this.#ages();
    for (const mark of card.marks) mark(shadow);
  }

  #card(thing) {
    const card = {
      thing,
      state: h('span'),
      cause: h('p', { class: 'cause' }),
      shadow: h('div'),
      marks: [],
    };
    this.#cards.set(thing.name, card);
    const controls = thing.properties.map((property) => this.#control(thing, property, card));
    return h(
      'article',
      { class: 'card', 'data-thing': thing.name, 'aria-label': thing.name },
      h('div', { class: 'row' }, h('h3', {}, thing.name), card.state),
      h('p', { class: 'soft' }, thing.role ?? t('elsewhere')),
      card.cause,
      card.shadow,
      controls.length > 0 && h('div', { class: 'bench' }, controls),
    );
  }

  #control(thing, { name, values, description }, card) {
    const set = async (value) => {
      if (
        thing.role === 'relay' &&
        !(await this.#ask(t('confirm', { thing: thing.name, property: name, value: json(value) })))
      )
        return;
      try {
        await post('/api/desired', { thing: thing.name, desired: { [name]: value } });
        card.cause.textContent = '';
      } catch (error) {
        card.cause.textContent = error.message;
      }
    };
    const disabled = !this.#state.writable;
    const label = h('span', { title: description }, name);
    const choices = values.split('|').map((text) => parsed(text.trim()));
    if (choices.every((choice) => choice !== undefined) && choices.length > 1) {
      const buttons = choices.map((choice) => {
        const button = h(
          'button',
          {
            type: 'button',
            disabled,
            'aria-pressed': 'false',
            'aria-label': `${thing.name} ${name} ${word(choice)}`,
            'data-set': `${name}=${String(choice)}`,
            onclick: () => set(choice),
          },
          word(choice),
        );
        card.marks.push((shadow) =>
          button.setAttribute('aria-pressed', String(shadow?.reported?.[name] === choice)),
        );
        return button;
      });
      return h('div', { class: 'row', role: 'group', 'aria-label': `${thing.name} ${name}` }, label, buttons);
    }
    const range = /(\d+)\.\.(\d+|range)(.*)/.exec(values);
    const input = h('input', {
      type: range ? 'number' : 'text',
      min: range?.[1],
      max: range && (range[2] === 'range' ? 360 : range[2]),
      disabled,
      'aria-label': `${thing.name} ${name} (${values})`,
    });
    if (range) input.setAttribute('step', 'any');
    const send = () => {
      const value = range ? Number(input.value) : (parsed(input.value) ?? input.value);
      if (input.value !== '' && input.checkValidity() !== undefined) set(value);
    };
    card.marks.push((shadow) => {
      const value = shadow?.reported?.[name];
      if (document.activeElement !== input && value !== undefined && typeof value !== 'object')
        input.value = String(value);
    });
    input.addEventListener('keydown', (event) => event.key === 'Enter' && send());
    return h(
      'div',
      { class: 'row' },
      label,
      input,
      h(
        'button',
        { type: 'button', disabled, onclick: send, 'aria-label': `${t('set')} ${thing.name} ${name}` },
        t('set'),
      ),
      h('span', { class: 'soft' }, values),
    );
  }

  #ages() {
    for (const element of this.#place.querySelectorAll('[data-at]')) {
      element.textContent =
        element.dataset.at === '0' ? '' : age(Date.now() - Number(element.dataset.at) * 1000);
    }
  }
}

function shadowTable(name, shadow) {
  if (!shadow) return h('p', { class: 'soft' }, t('noshadow'));
  const { desired = {}, reported = {}, delta = {}, times, version } = shadow;
  const names = [...new Set([...Object.keys(reported), ...Object.keys(desired)])].slice(0, 50);
  const rows = names.map((key) => {
    const differs = key in delta;
    return [
      h('th', { scope: 'row' }, key),
      h('td', { class: 'mono' }, short(desired[key])),
      h('td', { class: 'mono' }, short(reported[key])),
      h('td', { class: `mono ${differs ? 'differs' : ''}` }, short(delta[key])),
      h('td', { class: 'soft', 'data-at': Math.max(times.desired[key] ?? 0, times.reported[key] ?? 0) }),
    ];
  });
  return [
    table(name, [t('property'), t('desired'), t('reported'), t('delta'), t('age')], rows),
    h('p', { class: 'soft' }, `${t('version')} ${version}`),
  ];
}

function word(choice) {
  return choice === true ? t('on') : choice === false ? t('off') : String(choice);
}

function short(value) {
  const text = json(value) ?? '';
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    // not a JSON value: a description in words
    return undefined;
  }
}
