import type { Row } from '../row.js';
import { deltas } from './delta.js';
import { getDelete } from './get-delete.js';
import { limits } from './limits.js';
import { merging } from './merge.js';
import { messages } from './messages.js';
import { metadata } from './metadata.js';
import { names } from './names.js';
import { requests } from './requests.js';
import { rest } from './rest.js';
import { storage } from './storage.js';
import { topics } from './topics.js';
import { versions } from './versions.js';

/** Every rule, in the order of the document. */
export const ROWS: readonly Row[] = [
  ...topics,
  ...names,
  ...requests,
  ...merging,
  ...deltas,
  ...metadata,
  ...versions,
  ...messages,
  ...getDelete,
  ...limits,
  ...rest,
  ...storage,
];
