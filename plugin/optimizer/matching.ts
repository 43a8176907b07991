/** A variable, or what is saved of one. */
export interface Named {
  name: string;
  shape: number[];
}

/**
 * Says which of the saved names belongs to which variable of this process, where tfjs made the names unique anew:
 * `dense/kernel` may be `dense/kernel_1` now. In turn
 *
 * 1. the same name;
 * 2. the same name but for such an ending, on either side or on both, in the order of the endings; only names of
 *    layers' weights, which have a slash, get endings from tfjs;
 * 3. names that tfjs made up (`17`), which differ from run to run: in their order, if there are equally many.
 *
 * Where several fit, all must find a partner: a guess could give a variable the state of another. Shapes always agree.
 *
 * @returns Saved names by the names of variables; what fits nothing is not in it.
 */
export function matchNames(variables: Named[], saved: Named[]): Map<string, string> {
  const matches = madeUpInOrder(variables.filter(isMadeUp), saved.filter(isMadeUp));
  const taken = new Set(matches.values());
  const pair = (keyOf: Key, savedKeyOf: Key) => {
    const open = groups(variables, keyOf, name => !matches.has(name));
    const free = groups(saved, savedKeyOf, name => !taken.has(name));
    for (const [key, group] of open) {
      const partners = free.get(key);
      if (partners?.length !== group.length) continue;
      group.forEach(({name}, i) => {
        matches.set(name, partners[i].name);
        taken.add(partners[i].name);
      });
    }
  };
  pair(same, same);
  pair(plain, same);
  pair(same, plain);
  pair(plain, plain);
  return matches;
}

type Key = (name: string) => string;

const ENDING = /_\d+$/;
const same: Key = name => name;
const plain: Key = name => (name.includes('/') ? name.replace(ENDING, '') : name);
const isMadeUp = ({name}: Named) => /^\d+$/.test(name);

/** Nothing where all names are there as they are, as when nothing but this process made and saved them. */
function madeUpInOrder(variables: Named[], saved: Named[]): Map<string, string> {
  const known = new Set(saved.map(named => keyed(named, same)));
  if (variables.every(named => known.has(keyed(named, same)))) return new Map();
  const [ours, theirs] = [inOrder(variables), inOrder(saved)];
  const shapes = (list: Named[]) => JSON.stringify(list.map(({shape}) => shape));
  if (shapes(ours) !== shapes(theirs)) return new Map();
  return new Map(ours.map(({name}, i) => [name, theirs[i].name]));
}

/** Those still open that share a key and a shape, in the order in which tfjs numbered them. */
function groups(list: Named[], keyOf: Key, isOpen: (name: string) => boolean): Map<string, Named[]> {
  const found = new Map<string, Named[]>();
  for (const named of inOrder(list.filter(({name}) => isOpen(name)))) {
    const key = keyed(named, keyOf);
    found.set(key, [...(found.get(key) ?? []), named]);
  }
  return found;
}

function keyed({name, shape}: Named, keyOf: Key): string {
  return JSON.stringify([keyOf(name), shape]);
}

function inOrder(list: Named[]): Named[] {
  // The first of a name has no number.
  const numberOf = (named: Named) =>
    Number(isMadeUp(named) ? named.name : (ENDING.exec(named.name)?.[0].slice(1) ?? 0));
  return [...list].sort((a, b) => numberOf(a) - numberOf(b));
}
