import { CodedError } from '../../../hal/index.js';

export type GroupErrorCode =
  /** Members or rows of a group definition contradict each other; the message lists what is wrong, nothing was applied. */
  | 'GROUP_DEFINITION'
  /** A name that no member may have, or that another kind of member has already. */
  | 'GROUP_NAME'
  /** More things, functions or rows than the group's limits allow. */
  | 'GROUP_LIMIT';

/** A failure of a group definition or of a change to the group. */
export class GroupError extends CodedError {
  constructor(
    readonly code: GroupErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
