/** Rules of a light that are found broken before it runs. */

export type Aspect = 'R' | 'Y' | 'G';
export type Lamp = 'red' | 'yellow' | 'green';
export type Transitions = Readonly<Partial<Record<Aspect, readonly Aspect[]>>>;

/** A problem with the path below the thing. */
export interface RuleProblem {
  readonly path: string;
  readonly message: string;
}

/** A pair names two different lamps. */
export function checkNever(never: readonly (readonly string[])[]): readonly RuleProblem[] {
  return never.flatMap((pair, index) =>
    new Set(pair).size === pair.length
      ? []
      : [{ path: `never[${index}]`, message: `${pair.join(' and ')} is one lamp; name two different ones` }],
  );
}

/**
 * The light cannot get stuck: it can leave the safe aspect, and from every aspect that it can reach there is a way
 * back to it. An aspect that follows itself is no transition.
 */
export function checkTransitions(transitions: Transitions, safe: Aspect): readonly RuleProblem[] {
  const problems: RuleProblem[] = [];
  for (const [from, to] of Object.entries(transitions) as [Aspect, readonly Aspect[]][]) {
    if (to.includes(from)) {
      problems.push({
        path: `transitions.${from}`,
        message: `${from} to ${from} is no transition; leave it out`,
      });
    }
  }
  const reachable = reach(transitions, safe);
  if (reachable.size === 1) {
    problems.push({
      path: 'transitions',
      message: `nothing may follow ${safe}, the aspect at the start; say what may: ${safe}: [G]`,
    });
  }
  for (const aspect of reachable) {
    if (reach(transitions, aspect).has(safe)) continue;
    problems.push({
      path: 'transitions',
      message: `${aspect} can be reached, but no transitions lead from ${aspect} back to ${safe}`,
    });
  }
  return problems;
}

function reach(transitions: Transitions, start: Aspect): Set<Aspect> {
  const seen = new Set<Aspect>([start]);
  for (const aspect of seen) for (const next of transitions[aspect] ?? []) seen.add(next);
  return seen;
}
