import { useLocation } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';

/**
 * After going to another page the keyboard and a screen reader go on at its beginning, and not in the navigation or at the top of the
 * document. What a page has put into focus itself stays there, and so does a dialog.
 */
export function useRouteFocus(): void {
  const path = useLocation({ select: ({ pathname }) => pathname });
  const seen = useRef(path);
  useEffect(() => {
    if (seen.current === path) return;
    seen.current = path;
    const content = document.getElementById('content');
    const focused = document.activeElement;
    if (content === null || content.contains(focused) || focused?.closest('[role=dialog]')) return;
    content.focus({ preventScroll: true });
  }, [path]);
}
