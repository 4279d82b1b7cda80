// Rules of others that come before the main table and lead the plan's packets elsewhere: other VPNs, policy routing.
import {
  contains,
  familyOf,
  hostPrefix,
  lengthOf,
  parsePrefix,
  type Address,
  type Prefix,
} from "../address.ts";
import { ROUTE_PROTOCOL, RULE_PRIORITY } from "../node-state.ts";
import type { SeenRoute, SeenRule } from "./facts-routes.ts";
import type { Found } from "./finding.ts";
import type { Flow } from "./flows.ts";
import type { Subject } from "./subject.ts";

interface Astray {
  readonly rule: SeenRule;
  /** Absent: the rule itself refuses. */
  readonly route?: SeenRoute;
}

export function judgeRouting(subject: Subject): Found[] {
  const found = new Map<string, { astray: Astray; flows: Flow[] }>();
  for (const flow of subject.flows) {
    if (flow.out === undefined) continue;
    const astray = leadsAstray(subject, flow);
    if (astray === undefined) continue;
    const key = `${flow.family} ${astray.rule.priority} ${astray.rule.text} ${astray.route?.prefix}`;
    const known = found.get(key) ?? { astray, flows: [] };
    known.flows.push(flow);
    found.set(key, known);
  }
  return [...found.values()].map(({ astray, flows }) => finding(subject, astray, flows));
}

function leadsAstray({ facts }: Subject, flow: Flow): Astray | undefined {
  const rules = facts.rules
    .filter(({ family }) => family === flow.family)
    .toSorted((a, b) => a.priority - b.priority);
  for (const rule of rules) {
    const { table, action, suppressedLength, protocol } = rule;
    if (table === "local" || !isFor(rule, flow)) continue;
    // The plan's own routes are there, and as long as can be.
    const isHost = suppressedLength === undefined || suppressedLength < (flow.family === 4 ? 32 : 128);
    if ((table === "main" && isHost) || protocol === String(ROUTE_PROTOCOL)) return undefined;
    if (table === undefined) {
      if (action === "unreachable" || action === "blackhole" || action === "prohibit") return { rule };
      continue;
    }
    const route = lookUp(facts.routes, table, flow.destination);
    if (route === undefined || route.type === "throw" || route.interface === flow.out) continue;
    if (suppressedLength !== undefined && lengthOf(prefixOf(route)) <= suppressedLength) continue;
    return { rule, route };
  }
  return undefined;
}

/** Rules that ask for more than is known here are taken for others'. */
function isFor(rule: SeenRule, flow: Flow): boolean {
  if (rule.isNarrow || rule.action === "goto" || rule.action === "l3mdev") return false;
  const matches =
    !rule.wantsMark &&
    (rule.from === undefined || contains(rule.from, flow.source)) &&
    (rule.to === undefined || contains(rule.to, flow.destination)) &&
    (rule.iif === undefined || rule.iif === (flow.in ?? "lo"));
  return matches !== rule.isNegated;
}

const ALL = { 4: parsePrefix("0.0.0.0/0")!.prefix, 6: parsePrefix("::/0")!.prefix } as const;

const prefixOf = ({ prefix, family }: SeenRoute): Prefix => (prefix === "default" ? ALL[family] : prefix);

/** The longest prefix of a table that holds the address. */
export function lookUp(routes: readonly SeenRoute[], table: string, to: Address): SeenRoute | undefined {
  const [longest] = routes
    .filter(
      (route) => route.table === table && route.family === familyOf(to) && contains(prefixOf(route), to),
    )
    .toSorted((a, b) => lengthOf(prefixOf(b)) - lengthOf(prefixOf(a)) || a.metric - b.metric);
  return longest;
}

function finding({ plan, state }: Subject, { rule, route }: Astray, flows: readonly Flow[]): Found {
  const overlays = plan.spec.overlays.map(({ value }) => value);
  const flag = rule.family === 6 ? "-6 " : "";
  const before = rule.priority - 1 === RULE_PRIORITY ? rule.priority - 2 : rule.priority - 1;
  const mend = flows.map(({ destination, in: enter }) => {
    const to = overlays.find((each) => contains(each, destination)) ?? hostPrefix(destination);
    // Only of what comes in there: the plan's own rules stand behind this one's place.
    const words = `to ${to} iif ${enter ?? "lo"} lookup main`;
    const isPlans = state.rules.some(({ iif }) => iif === enter);
    return isPlans || before < 1
      ? `ip ${flag}rule del priority ${rule.priority} ${rule.text}`
      : `ip ${flag}rule add priority ${before} ${words}`;
  });
  const names = [...new Set(flows.map(({ name }) => name))];
  const where = route === undefined ? (rule.action ?? "nothing") : `table ${route.table}`;
  const seen =
    route === undefined ? "" : `; ip route: ${route.prefix} ${where} dev ${route.interface ?? route.type}`;
  return {
    code: "route-elsewhere",
    severity: "error",
    message: `a rule that comes before the plan's routes leads packets elsewhere (${where}): ${names.slice(0, 3).join(", ")}${names.length > 3 ? ` and ${names.length - 3} more` : ""}`,
    evidence: `ip ${flag}rule: ${rule.priority}: ${rule.text}${seen}`,
    mend: [...new Set(mend)],
    lasting: "rules are gone after a reboot: put the command where this machine's network is set up",
  };
}
