import { post } from '../../api/client.ts';
import type { ToolServer } from '../../api/tools.ts';
import { toolsText } from '../../text/tools.ts';
import { Button } from '../../ui/button.tsx';
import { useAct } from '../../ui/form/use-act.ts';

/** Leads to the authorisation server of a tool server; it sends people back to the page of its tools. */
export function ToolSignInButton({ server: { id, title } }: { server: ToolServer }) {
  const begin = useAct(() => post<{ url: string }>(`/tool-servers/${encodeURIComponent(id)}/sign-in`), {
    onDone: ({ url }) => location.assign(url),
    toastsErrors: true,
  });
  return (
    <Button size="small" disabled={begin.isPending} aria-label={toolsText.signInLabel(title)} onClick={() => begin.mutate()}>
      {toolsText.signInNow}
    </Button>
  );
}
