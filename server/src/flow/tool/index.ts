/** The door to tools: what one is, what it says about itself, and the list of those there are. */

export type { Effect } from '#trust/policy';
export { type CatalogueEntry, createCatalogue, noPluggedTools, type PluggedTools, type ToolCatalogue, withPlugged } from './catalogue.ts';
export { callFaults } from './fault.ts';
export type { ArgManifest, ArgRole, ManifestParts, Slot, ToolManifest } from './manifest.ts';
export { amountMinorOf, slotFault } from './slot.ts';
export type { Tool, ToolAnswer, ToolCall, ToolContext, ToolHost } from './tool.ts';
