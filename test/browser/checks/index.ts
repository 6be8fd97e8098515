import type { Checks } from '../check.js';
import { ACCESS } from './access.js';
import { ASSISTIVE } from './assistive.js';
import { BOARD } from './board.js';
import { FIGURES } from './figures.js';
import { FIRST_VIEW } from './first-view.js';
import { FLOW } from './flow.js';
import { KEYBOARD } from './keyboard.js';
import { THINGS } from './things.js';

export const CHECKS: Checks = {
  ...FIRST_VIEW,
  ...BOARD,
  ...THINGS,
  ...FLOW,
  ...FIGURES,
  ...ACCESS,
  ...KEYBOARD,
  ...ASSISTIVE,
};
