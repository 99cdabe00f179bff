// The page says it in the person's language, and goes away by itself when the network is back.
const language = navigator.language.startsWith('de') ? 'de' : 'en';
document.documentElement.lang = language;
for (const part of document.querySelectorAll('main > div')) part.hidden = part.lang !== language;
const again = () => location.reload();
for (const button of document.querySelectorAll('button')) button.addEventListener('click', again);
window.addEventListener('online', again);
