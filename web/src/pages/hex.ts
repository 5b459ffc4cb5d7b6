// Hex dump: offset, hexadecimal, printable characters. Pure.

const ROW = 16;

/** Return the hex dump of `hex` (two digits per byte), sixteen bytes per line. */
export function dump(hex: string): string {
  const bytes = hex.match(/../g) ?? [];
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += ROW) {
    const row = bytes.slice(at, at + ROW);
    const text = row.map((byte) => printable(parseInt(byte, 16))).join('');
    lines.push(`${at.toString(16).padStart(4, '0')}  ${row.join(' ').padEnd(ROW * 3 - 1)}  ${text}`);
  }
  return lines.join('\n');
}

const printable = (code: number): string => (code >= 32 && code < 127 ? String.fromCharCode(code) : '·');
