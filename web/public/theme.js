// Runs before the first paint so that the page never flashes in the wrong theme. A file of its own: inline scripts are forbidden.
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
