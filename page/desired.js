/** Controls that set `desired` of a thing's shadow, from what its role says of the property's values. */
import { h, post } from './dom.js';
import { t } from './text.js';

/**
 * @param on `disabled`; `ask(text)` resolves with whether the person says yes; `onError(message)`, empty when it went
 * well; `onShadow(mark)` takes a function that is given each shadow
 */
export function control(thing, { name, values, description }, { disabled, ask, onError, onShadow }) {
  const set = async (value) => {
    // what a relay switches may be mains, or move
    const question = t('confirm', { thing: thing.name, property: name, value: word(value) });
    if (thing.role === 'relay' && !(await ask(question))) return;
    try {
      await post('/api/desired', { thing: thing.name, desired: { [name]: value } });
      onError('');
    } catch ({ message }) {
      onError(message);
    }
  };
  const choices = values.split('|').map((text) => parsed(text.trim()));
  const pick = choices.length > 1 && choices.every((choice) => choice !== undefined);
  const title = { class: 'property', title: description };
  if (pick) {
    return h(
      'div',
      { class: 'control', role: 'group', 'aria-label': `${thing.name} ${name}` },
      h('span', title, name),
      h(
        'span',
        { class: 'choices' },
        choices.map((choice) => button(thing, { name, choice, disabled, set, onShadow })),
      ),
    );
  }
  return h(
    'div',
    { class: 'control' },
    h('span', title, name),
    field(thing, { name, values, disabled, set, onShadow }),
  );
}

function button(thing, { name, choice, disabled, set, onShadow }) {
  const element = h(
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
  onShadow((shadow) => {
    element.setAttribute('aria-pressed', String(shadow?.reported?.[name] === choice));
    // asked for, and not done yet
    element.classList.toggle('asked', shadow?.delta?.[name] === choice);
  });
  return element;
}

function field(thing, { name, values, disabled, set, onShadow }) {
  const range = /(\d+)\.\.(\d+|range)/.exec(values);
  const input = h('input', {
    type: range ? 'number' : 'text',
    min: range?.[1],
    max: range && (range[2] === 'range' ? 360 : range[2]),
    step: range && 'any',
    disabled,
    'aria-label': `${thing.name} ${name} (${values})`,
  });
  const send = () => {
    if (input.value !== '') set(range ? Number(input.value) : (parsed(input.value) ?? input.value));
  };
  onShadow((shadow) => {
    const value = shadow?.reported?.[name];
    if (document.activeElement !== input && value !== undefined && typeof value !== 'object')
      input.value = String(value);
  });
  input.addEventListener('keydown', (event) => event.key === 'Enter' && send());
  return h(
    'span',
    { class: 'choices' },
    input,
    h(
      'button',
      { type: 'button', disabled, onclick: send, 'aria-label': `${t('set')} ${thing.name} ${name}` },
      t('set'),
    ),
    h('span', { class: 'soft hint' }, values),
  );
}

function word(choice) {
  return choice === true ? t('on') : choice === false ? t('off') : String(choice);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    // not a JSON value: a description in words
    return undefined;
  }
}
