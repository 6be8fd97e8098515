/** What is under the pointer, in words beside it. The same stands in the table of lines, for whoever has no pointer. */
import { h } from './dom.js';

export class Tip {
  #place;
  #element = h('div', { class: 'tip', 'aria-hidden': 'true', hidden: true });
  #words;
  #of;

  /** @param place its positioned container */
  constructor(place) {
    this.#place = place;
  }

  /** @param words returns the title and the lines below it, asked for again at each refresh */
  watch(element, words) {
    element.addEventListener('pointerenter', (event) => this.#show(element, words, event));
    element.addEventListener('pointerleave', (event) => event.pointerType !== 'touch' && this.#hide());
    element.addEventListener('click', (event) => event.detail > 0 && this.#show(element, words, event));
    // to listen for the focus makes a drawing focusable in some browsers
    if (!element.hasAttribute('tabindex')) return;
    element.addEventListener('focus', () => element.matches(':focus-visible') && this.#show(element, words));
    element.addEventListener('blur', () => this.#hide());
  }

  refresh() {
    if (this.#of === undefined) return;
    const [title, ...lines] = this.#words();
    this.#element.replaceChildren(h('b', {}, title), ...lines.map((line) => h('span', {}, line)));
  }

  #show(of, words, event) {
    this.#of = of;
    this.#words = words;
    this.#place.append(this.#element);
    this.#element.hidden = false;
    this.refresh();
    const at = this.#place.getBoundingClientRect();
    const box = of.getBoundingClientRect();
    const [x, y] = event ? [event.clientX, event.clientY] : [box.right, box.bottom];
    const width = this.#element.offsetWidth;
    const left = Math.min(x - at.left + 14, at.width - width - 2);
    this.#element.style.left = `${Math.max(0, left)}px`;
    this.#element.style.top = `${y - at.top + 16}px`;
  }

  #hide() {
    this.#of = undefined;
    this.#element.hidden = true;
  }
}
