/** The kernel keeps 31 bytes of a consumer's name; drivers that keep it themselves keep as much. */
export function consumerLabel(consumer: string): string {
  let label = consumer;
  while (Buffer.byteLength(label) > 31) label = label.slice(0, -1);
  return label;
}
