// Routes and rules as the arguments of `ip`, one line each, fit for a shell or for `ip -batch`.
import { familyOf } from "../core/address.ts";
import { ROUTE_PROTOCOL, type Route, type Rule } from "../core/node-state.ts";

/** `replace` moves a live route without losing a packet, and can be repeated (ip-route(8)). */
export function routeReplace(route: Route): string {
  const { prefix, table, source, mtu, advmss } = route;
  return [
    `route replace ${prefix} dev ${route.interface} proto ${ROUTE_PROTOCOL}`,
    ...(table === "main" ? [] : [`table ${table}`]),
    `src ${source}`,
    ...(mtu === undefined ? [] : [`mtu ${mtu}`]),
    ...(advmss === undefined ? [] : [`advmss ${advmss}`]),
  ].join(" ");
}

export function routeDelete({ prefix, table, interface: name }: Route): string {
  const where = table === "main" ? "" : ` table ${table}`;
  return `route del ${prefix} dev ${name} proto ${ROUTE_PROTOCOL}${where}`;
}

/** The rule's own words, after `rule add` or `rule del`; IPv6 rules need `ip -6`. */
function ruleWords({ priority, iif, from, to, fwmark, table, suppressPrefixLength }: Rule): string {
  return [
    `priority ${priority}`,
    ...(iif === undefined ? [] : [`iif ${iif}`]),
    `from ${from}`,
    ...(to === undefined ? [] : [`to ${to}`]),
    ...(fwmark === undefined ? [] : [`fwmark ${fwmark}`]),
    table === "unreachable" ? table : `lookup ${table}`,
    ...(suppressPrefixLength === undefined ? [] : [`suppress_prefixlength ${suppressPrefixLength}`]),
    `protocol ${ROUTE_PROTOCOL}`,
  ].join(" ");
}

export const ruleAdd = (rule: Rule): string => `${familyFlag(rule)}rule add ${ruleWords(rule)}`;
export const ruleDelete = (rule: Rule): string => `${familyFlag(rule)}rule del ${ruleWords(rule)}`;

const familyFlag = (rule: Rule): string => (familyOf(rule.from) === 6 ? "-6 " : "");
