/** The page: one stream of events comes in, each section shows its share. */
import { Board } from './board.js';
import { Cars } from './cars.js';
import { Charts } from './charts.js';
import { post } from './dom.js';
import { Flow } from './flow.js';
import { Health } from './health.js';
import { nextLanguage, store, stored, t, translate } from './text.js';
import { Things } from './things.js';

/** The server says something at least every two seconds. */
const SILENCE_MS = 8000;

const place = (id) => document.querySelector(`#${id} .body`) ?? document.getElementById(id);
const board = new Board(place('board'));
const things = new Things(place('things'), ask);
const flow = new Flow(place('flow'));
const cars = new Cars(place('cars'));
const charts = new Charts(place('curves'));
const health = new Health(place('health'));
const link = document.getElementById('link');
const summary = document.getElementById('summary');

let state;
let source;
let heard = 0;

function drawAll() {
  if (!state) return;
  for (const section of [board, things, flow, cars, charts, health]) section.draw(state);
  summarize();
}

function onState({ data }) {
  state = JSON.parse(data);
  place('group').textContent = state.group;
  document.title = `${state.group} · Greenlight`;
  drawAll();
  say('live');
  if (!document.documentElement.dataset.ready) performance.mark('ready');
  document.documentElement.dataset.ready = 'yes';
}

function onChange({ data }) {
  say('live');
  if (!state) return;
  const { lines, shadows = {}, messages, greens = [], log } = JSON.parse(data);
  if (lines) board.change(lines);
  for (const [name, document] of Object.entries(shadows)) {
    if (document === null) delete state.shadows[name];
    else state.shadows[name] = document;
    things.update(name);
    board.follow(name, state.shadows[name]);
  }
  if (messages) flow.messages(messages);
  for (const green of greens) cars.green(green);
  if (greens.some(({ batch }) => batch)) charts.changed();
  if (log) health.log(log);
}

function onStatus({ data }) {
  say('live');
  if (!state) return;
  Object.assign(state, JSON.parse(data));
  for (const { name } of state.things) things.update(name);
  cars.update();
  health.update();
  summarize();
}

/** The worst of all parts, and how many are not well. */
function summarize() {
  const { parts, state: worst } = state.status;
  const ill = parts.filter((part) => part.state !== 'ok').length;
  summary.hidden = false;
  summary.className = `pill ${worst}`;
  summary.textContent = ill === 0 ? t('ok') : `${ill} ${t(worst)}`;
  summary.setAttribute('aria-label', `${t('summary')}: ${summary.textContent}`);
}

function say(word, message) {
  heard = Date.now();
  if (link.dataset.word === word + document.documentElement.lang) return;
  link.dataset.word = word + document.documentElement.lang;
  link.textContent = t(word, { message });
  link.className = `pill ${{ live: 'ok', lost: 'failed', closed: 'failed' }[word] ?? 'wait'}`;
  // what is shown is old
  document.body.classList.toggle('stale', word === 'lost');
}

async function connect() {
  source?.close();
  heard = Date.now();
  source = new EventSource('/api/events');
  source.addEventListener('state', onState);
  source.addEventListener('change', onChange);
  source.addEventListener('status', onStatus);
  source.addEventListener('alive', () => say('live'));
  source.addEventListener('error', async () => {
    say('lost');
    if (source.readyState !== EventSource.CLOSED) return;
    // refused, not broken: a token or certificate is needed, or there are too many pages
    const answer = await fetch('/api/state').catch(() => undefined);
    if (answer?.status === 401) return askToken();
    if (answer?.status === 403) say('closed', (await answer.json()).message);
    setTimeout(connect, 3000);
  });
}

setInterval(() => {
  if (Date.now() - heard > SILENCE_MS && !document.getElementById('token').open) {
    say('lost');
    connect();
  }
}, 2000);

/** Resolves with whether the person says yes. */
function ask(text) {
  const dialog = document.getElementById('ask');
  document.getElementById('ask-text').textContent = text;
  return new Promise((resolve) => {
    const answer = ({ target }) => target.value && dialog.close(target.value);
    dialog.addEventListener('click', answer);
    dialog.addEventListener(
      'close',
      () => {
        dialog.removeEventListener('click', answer);
        resolve(dialog.returnValue === 'yes');
      },
      { once: true },
    );
    dialog.returnValue = 'no';
    dialog.showModal();
  });
}

function askToken() {
  const dialog = document.getElementById('token');
  if (dialog.open) return;
  const input = document.getElementById('token-text');
  const send = async () => {
    try {
      await post('/api/session', { token: input.value });
      input.value = '';
      dialog.close();
      connect();
    } catch (error) {
      document.getElementById('token-error').textContent = error.message;
    }
  };
  dialog.querySelector('form').onsubmit = (event) => {
    event.preventDefault();
    send();
  };
  dialog.showModal();
}

function theme(name) {
  if (name) document.documentElement.dataset.theme = name;
}

document.getElementById('language').addEventListener('click', () => {
  nextLanguage();
  link.dataset.word = '';
  say(source?.readyState === EventSource.OPEN ? 'live' : 'lost');
  drawAll();
});
document.getElementById('theme').addEventListener('click', () => {
  const now =
    document.documentElement.dataset.theme ??
    (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
  const next = now === 'dark' ? 'light' : 'dark';
  store('theme', next);
  theme(next);
  charts.redraw();
});
theme(stored('theme'));
translate();
say('connecting');
connect();
