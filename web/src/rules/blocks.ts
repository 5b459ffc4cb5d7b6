// rules.toml as what lies between rules and the rules themselves, so that one rule can be changed and all else, comments
// and order, stays letter by letter. The hub reads the text; here only the beginnings of tables are looked for. Pure.

export interface Part {
  rule: boolean;
  text: string;
}

const HEADER = /^\s*\[/;
const RULE = /^\s*\[\[\s*rule\s*\]\]/;
/** Blank lines and comments at a rule's end belong to what follows it. */
const BETWEEN = /^\s*(#.*)?$/;

/** The parts of `text` in order; joined again by line feeds they are `text`. */
export function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  let lines: string[] = [];
  let rule = false;
  const close = (): void => {
    let end = lines.length;
    while (rule && end > 0 && BETWEEN.test(lines[end - 1]!)) end--;
    if (end > 0) parts.push({ rule, text: lines.slice(0, end).join('\n') });
    lines = lines.slice(end);
    rule = false;
  };
  for (const line of text.split('\n')) {
    if (HEADER.test(line) && (RULE.test(line) || !rule)) {
      close();
      if (lines.length) parts.push({ rule: false, text: lines.join('\n') });
      lines = [];
      rule = RULE.test(line);
    }
    lines.push(line);
  }
  close();
  if (lines.length) parts.push({ rule: false, text: lines.join('\n') });
  return parts;
}

export const rulesIn = (text: string): string[] =>
  partsOf(text)
    .filter((part) => part.rule)
    .map((part) => part.text);

/** `text` with its rule number `index` put as `block`; behind all others when there is none of that number. */
export function withRule(text: string, index: number, block: string): string {
  const parts = partsOf(text);
  const part = parts.filter((each) => each.rule)[index];
  if (!part) return `${text.trimEnd()}\n\n${block.trim()}\n`.trimStart();
  part.text = block;
  return joined(parts);
}

export function withoutRule(text: string, index: number): string {
  const parts = partsOf(text);
  const part = parts.filter((each) => each.rule)[index];
  return joined(parts.filter((each) => each !== part)).replace(/\n{3,}/g, '\n\n');
}

const joined = (parts: readonly Part[]): string => parts.map((part) => part.text).join('\n');
