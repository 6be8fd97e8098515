import { printRows } from '../support/figures.js';
import { shadows } from './shadow.js';

printRows('Device shadows (peer: mosquitto, raw echo of the same message)', await shadows());
