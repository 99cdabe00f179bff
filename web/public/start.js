// Runs before the first paint. A file of its own: inline scripts are forbidden.

// The page never flashes in the wrong theme.
(() => {
  let choice = 'system';
  let density = 'comfortable';
  try {
    choice = localStorage.getItem('factotum.theme') || 'system';
    density = localStorage.getItem('factotum.density') || 'comfortable';
  } catch (error) {
    // Storage is switched off: the system's choice stands.
    console.debug(error);
  }
  const dark = choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.classList.toggle('dark', dark);
  document.documentElement.classList.toggle('compact', density === 'compact');
})();

// The first questions to the server: their answers are here before the code that shows them. src/api/early.ts hands them over.
(() => {
  // With a sign-in link it is not known yet who asks.
  if (location.hash.startsWith('#token=')) return;
  const early = new Map();
  const ask = (path) => {
    const options = { headers: { accept: 'application/json' }, credentials: 'same-origin', signal: AbortSignal.timeout(20_000) };
    // Without an answer whoever wants it asks again, and says what is wrong.
    const answer = fetch(`/api/v1${path}`, options).catch(() => null);
    early.set(path, answer);
    return answer;
  };
  const begin = async () => {
    const response = await ask('/me');
    if (!response?.ok || location.pathname !== '/' || location.search !== '') return;
    const { tenant, pending, permissions } = await response.clone().json();
    if (tenant === null || pending) return;
    const may = (permission, ...paths) => (permissions.includes(permission) ? paths : []);
    const first = [
      ...may('approval:read', '/approvals?state=waiting&view=mine&limit=200'),
      ...may(
        'task:read',
        '/tasks?state=waiting%2Cfailed&limit=50',
        '/tasks?state=done%2Ccancelled&limit=12',
        '/tasks?state=received%2Cplanning%2Crunning&limit=5',
      ),
      '/me/notices?limit=1',
      '/demo',
      ...may('settings:write', '/settings'),
    ];
    for (const path of first) void ask(path);
  };
  window.early = { answers: early, begun: begin().catch((error) => console.debug(error)) };
})();
