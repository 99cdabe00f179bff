import type { ToolManifest } from '#flow/tool';
import { joinLabels, type Label, type Labelled } from '#trust/policy';

/**
 * The label of what a step returned. A tool that knows who wrote what it found says so (`own`); but whoever chose the target chose the
 * finding too, and most results repeat the target, so what steered the call is joined in. Without an own label everything is.
 */
export function resultLabel(manifest: ToolManifest, args: Readonly<Record<string, Labelled>>, own: Label | undefined): Label {
  const given = Object.entries(args);
  if (own === undefined) return joinLabels(...given.map(([, { label }]) => label));
  const steering = given.filter(([name]) => !Object.hasOwn(manifest.args, name) || manifest.args[name]?.role !== 'content');
  return joinLabels(own, ...steering.map(([, { label }]) => label));
}
