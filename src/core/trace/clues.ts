// What the evidence of a scene says of one flow at one machine.
import type { FindingCode } from "../doctor/finding.ts";
import type { PlannedPath } from "./compare.ts";
import { grownDrops } from "./evidence.ts";
import type { Flow } from "./probe.ts";
import { toldBy, type Culprit, type Scene } from "./scene.ts";

export class Clues {
  readonly flow: Flow;
  readonly planned: PlannedPath;
  readonly scene: Scene;

  constructor(flow: Flow, planned: PlannedPath, scene: Scene) {
    this.flow = flow;
    this.planned = planned;
    this.scene = scene;
  }

  /** A tunnel interface that is not there, or down. */
  broken(node: string, name: string): Culprit | undefined {
    const links = this.scene.evidence.get(node)?.after.links;
    const link = links?.get(name);
    if (links === undefined || link?.up === true) return undefined;
    const state = link === undefined ? "is not there" : "is down";
    return {
      code: "interface",
      node,
      message: `its ${name} ${state}`,
      evidence: [`ip link at ${node}: ${name} ${state}`],
    };
  }

  /** A rule that counted at least so many, or the doctor's word on one. */
  firewall(node: string, codes: readonly FindingCode[], packets: number): Culprit | undefined {
    const seen = this.scene.evidence.get(node);
    const counted =
      seen === undefined ? [] : grownDrops(seen.before, seen.after).filter((each) => each.packets >= packets);
    const findings = (this.scene.findings.get(node) ?? []).filter(({ code }) => codes.includes(code));
    if (counted.length === 0 && findings.length === 0) return undefined;
    const evidence = [
      ...counted.map((each) => `nft at ${node}: ${each.rule} (${each.packets} packets)`),
      ...findings.map(toldBy),
    ];
    const invalid = (seen?.after.invalid ?? 0) - (seen?.before.invalid ?? 0);
    const isInvalid =
      counted[0] === undefined ? findings[0]?.code === "invalid-drop" : /\binvalid\b/i.test(counted[0].rule);
    if (!isInvalid) {
      const reverse = findings[0]?.code === "reverse-path-drop" && counted.length === 0;
      const message = reverse ? "a firewall filters the reverse path" : "a firewall drops them";
      return { code: "firewall", node, message, evidence };
    }
    if (invalid > 0) evidence.push(`conntrack -S at ${node}: ${invalid} more invalid`);
    const message =
      "conntrack sees one direction only and finds its packets INVALID, and a firewall drops those";
    return { code: "conntrack-invalid", node, message, evidence };
  }

  /** The kernel's own word on where its packets go. */
  route(node: string): string[] {
    const line = this.scene.routeAt(node, this.flow);
    return line === undefined ? [] : [`ip route get at ${node}: ${line}`];
  }

  /** What ping said that has these words in it. */
  complaints(text: string): string[] {
    const { complaints = [] } = this.scene.ping(this.flow) ?? {};
    return complaints
      .filter((line) => line.includes(text))
      .map((line) => `ping at ${this.flow.probe.from}: ${line}`);
  }
}
