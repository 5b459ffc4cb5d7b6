// Make the id of a new rule from its name. Pure.

/** The hub's maximum length of an id, minus room for a numeric suffix. */
const LONGEST = 60;

/** `Kühlraum Tür offen!` is `kuhlraum-tur-offen`; `-2`, `-3`, … is added while another rule has it. */
export function slugOf(name: string, taken: ReadonlySet<string>): string {
  const slug =
    name
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .slice(0, LONGEST)
      .replace(/^-+|-+$/g, '') || 'rule';
  let id = slug;
  for (let number = 2; taken.has(id); number++) id = `${slug}-${number}`;
  return id;
}
