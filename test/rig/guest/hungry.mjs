/** A function that takes more memory until it is ended. */
const held = [];
setInterval(() => held.push(Buffer.alloc(4_000_000, 1)), 50);

export async function handler() {}
