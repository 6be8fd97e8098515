import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  biasFlags,
  biasOf,
  decodeChipInfo,
  decodeEvent,
  decodeLineInfo,
  encodeLineConfig,
  encodeLineRequest,
  encodeLineValue,
  FLAG,
  IOCTL,
  SIZE,
} from '../../../hal/drivers/chardev/layout.js';

/** What the C compiler says of linux/gpio.h, where there is a compiler. */
const PROGRAM = `
#include <stdio.h>
#include <stddef.h>
#include <linux/gpio.h>
#define N(name, value) printf("%s %lu\\n", name, (unsigned long)(value))
#define R struct gpio_v2_line_request
#define C struct gpio_v2_line_config
#define A struct gpio_v2_line_config_attribute
#define E struct gpio_v2_line_event
#define I struct gpio_v2_line_info
int main(void) {
  N("CHIP_INFO", GPIO_GET_CHIPINFO_IOCTL); N("LINE_INFO", GPIO_V2_GET_LINEINFO_IOCTL);
  N("LINE_REQUEST", GPIO_V2_GET_LINE_IOCTL); N("SET_CONFIG", GPIO_V2_LINE_SET_CONFIG_IOCTL);
  N("GET_VALUES", GPIO_V2_LINE_GET_VALUES_IOCTL); N("SET_VALUES", GPIO_V2_LINE_SET_VALUES_IOCTL);
  N("size.CHIP_INFO", sizeof(struct gpiochip_info)); N("size.LINE_INFO", sizeof(I));
  N("size.LINE_REQUEST", sizeof(R)); N("size.LINE_CONFIG", sizeof(C));
  N("size.LINE_VALUES", sizeof(struct gpio_v2_line_values)); N("size.LINE_EVENT", sizeof(E));
  N("request.consumer", offsetof(R, consumer)); N("request.config", offsetof(R, config));
  N("request.num_lines", offsetof(R, num_lines)); N("request.buffer", offsetof(R, event_buffer_size));
  N("request.fd", offsetof(R, fd)); N("config.attrs", offsetof(C, attrs)); N("config.num_attrs", offsetof(C, num_attrs));
  N("attribute.size", sizeof(A)); N("attribute.value", offsetof(A, attr.values)); N("attribute.mask", offsetof(A, mask));
  N("info.offset", offsetof(I, offset)); N("info.flags", offsetof(I, flags));
  N("event.id", offsetof(E, id)); N("event.offset", offsetof(E, offset));
  N("event.seqno", offsetof(E, seqno)); N("event.line_seqno", offsetof(E, line_seqno));
  return 0;
}`;

function askCompiler(): Map<string, number> | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'greenlight-layout-'));
  try {
    writeFileSync(join(folder, 'layout.c'), PROGRAM);
    execFileSync('cc', ['-o', join(folder, 'layout'), join(folder, 'layout.c')], { stdio: 'ignore' });
    const said = execFileSync(join(folder, 'layout'), { encoding: 'utf8' });
    return new Map(
      said
        .trim()
        .split('\n')
        .map((line) => {
          const [name = '', value = ''] = line.split(' ');
          return [name, Number(value)];
        }),
    );
  } catch {
    // No compiler, or no kernel headers: the numbers below stay as they are written.
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('GPIO uAPI layouts', () => {
  it('agree with the C compiler', ({ skip }) => {
    const c = askCompiler();
    if (c === undefined) return skip('no C compiler with kernel headers here');
    for (const [name, value] of Object.entries(IOCTL)) expect(c.get(name), name).toBe(value);
    for (const [name, value] of Object.entries(SIZE)) expect(c.get(`size.${name}`), name).toBe(value);
    const offsets = Object.fromEntries(
      [...c].filter(([name]) => /^(request|config|attribute|info|event)\./.test(name)),
    );
    expect(offsets).toEqual({
      'request.consumer': 256,
      'request.config': 288,
      'request.num_lines': 560,
      'request.buffer': 564,
      'request.fd': 588,
      'config.attrs': 32,
      'config.num_attrs': 8,
      'attribute.size': 24,
      'attribute.value': 8,
      'attribute.mask': 16,
      'info.offset': 64,
      'info.flags': 72,
      'event.id': 8,
      'event.offset': 12,
      'event.seqno': 16,
      'event.line_seqno': 20,
    });
  });

  it('carry value and debounce as attributes for line 0', () => {
    const bytes = encodeLineConfig({ flags: FLAG.INPUT | FLAG.EDGE_RISING, value: 1, debounceUs: 30_000 });
    expect(bytes.readBigUInt64LE(0)).toBe(0x14n);
    expect(bytes.readUInt32LE(8)).toBe(2);
    expect([bytes.readUInt32LE(32), bytes.readBigUInt64LE(40), bytes.readBigUInt64LE(48)]).toEqual([
      2,
      1n,
      1n,
    ]);
    expect([bytes.readUInt32LE(56), bytes.readUInt32LE(64), bytes.readBigUInt64LE(72)]).toEqual([
      3,
      30_000,
      1n,
    ]);
    expect(encodeLineConfig({ flags: FLAG.INPUT, debounceUs: 0 }).readUInt32LE(8)).toBe(0);
    expect([...encodeLineValue(1)]).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('keep whole characters of a consumer, within 31 bytes and a closing zero', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (consumer) => {
        const bytes = encodeLineRequest({ offset: 3, consumer, config: { flags: 0 }, eventBuffer: 0 });
        expect(bytes[256 + 31]).toBe(0);
        const kept = bytes.toString('utf8', 256, 287).replace(/\0+$/, '');
        expect(consumer.replace(/\0+$/, '').startsWith(kept)).toBe(true);
        expect(kept).not.toContain('\ufffd');
      }),
      { examples: [[`${'x'.repeat(30)}é`]] },
    );
  });

  it('are read back', () => {
    const chip = Buffer.alloc(SIZE.CHIP_INFO);
    chip.write('gpiochip0', 0);
    chip.write('a label of exactly 32 characters', 32);
    chip.writeUInt32LE(54, 64);
    expect(decodeChipInfo(chip)).toEqual({
      name: 'gpiochip0',
      label: 'a label of exactly 32 characters',
      lines: 54,
    });
    const info = Buffer.alloc(SIZE.LINE_INFO);
    info.write('GPIO17', 0);
    info.writeUInt32LE(17, 64);
    info.writeUInt32LE(FLAG.USED | FLAG.OUTPUT, 72);
    expect(decodeLineInfo(info)).toEqual({ name: 'GPIO17', consumer: '', offset: 17, flags: 9 });
    const event = Buffer.alloc(SIZE.LINE_EVENT * 2);
    event.writeBigUInt64LE(123_456_789_012_345n, 48);
    event.writeUInt32LE(2, 56);
    event.writeUInt32LE(17, 60);
    event.writeUInt32LE(9, 64);
    event.writeUInt32LE(4, 68);
    expect(decodeEvent(event, 48)).toEqual({
      timestampNs: 123_456_789_012_345n,
      rising: false,
      offset: 17,
      sequence: 9,
      lineSequence: 4,
    });
    for (const bias of ['as-is', 'disabled', 'pull-up', 'pull-down'] as const) {
      expect(biasOf(biasFlags(bias))).toBe(bias);
    }
  });
});
