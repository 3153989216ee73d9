// Sets the remembered theme before the first paint, so the page never flashes. A classic script for that reason.
(() => {
  const read = () => { try { return localStorage.getItem('cosa.theme'); } catch { return null; } };
  const theme = read();
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
})();
