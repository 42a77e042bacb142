// Brings a page to life after its first paint, because the program in WebAssembly is many times the size of the page,
// which works without it. Where that fails, the page says so and works as without a script: its forms are posted, its
// links lead on, and it is loaded again while a run is active.
//
// It is part of each page, without these comments; SCRIPT and WASM stand for the addresses of the two files.
{
  // An island that is not alive after so many milliseconds may never be.
  const PATIENCE = 5000;
  // How often a page without a living program is loaded again, in seconds; less often when the program may still arrive.
  const RELOAD = 5;
  const RELOAD_WHILE_LOADING = 30;
  const CHANGED = 'its program failed, perhaps because something has changed the page before, such as a translator';

  const dead = new Set();
  let allDead = false;
  let hydrating = null;
  let reloading = null;

  const note = () => document.getElementById('plain-page');

  const fallBack = (why, seconds) => {
    clearInterval(reloading);
    note().querySelector('[data-why]').textContent = why;
    note().querySelector('[data-seconds]').textContent = seconds;
    note().hidden = false;
    const isActive = document.querySelector('[data-state="running"], [data-state="closing"]');
    if (isActive) reloading = setInterval(() => document.hidden || location.reload(), seconds * 1000);
  };

  const comeBack = () => {
    clearInterval(reloading);
    note().hidden = true;
  };

  // An event in a dead island reaches the browser, but none of the island's listeners, which would swallow it.
  const silence = event => {
    const island = event.target instanceof Element && event.target.closest('leptos-island');
    if (island && (allDead || dead.has(island))) event.stopImmediatePropagation();
  };

  const fail = (island, why) => {
    if (island) dead.add(island);
    else allDead = true;
    for (const type of ['click', 'submit', 'input', 'change', 'keydown']) addEventListener(type, silence, true);
    fallBack(why, RELOAD);
  };

  // A panic in the program, which then stops in the middle of what it was doing.
  addEventListener('program-panic', () => fail(hydrating, CHANGED));

  const load = async () => {
    // Both files are fetched at once, without a `preload`, which browsers without JavaScript would follow for nothing.
    const wasm = fetch('WASM');
    wasm.catch(() => {});
    const program = await import('SCRIPT');
    await program.default({ module_or_path: wasm });
    return program;
  };

  // Each island for itself, so that one that fails takes no other with it. The pause lets the first effects of an island
  // run. A translator would put other texts in the place of those that the island changes, which then stand still.
  const hydrate = async program => {
    program.hydrate();
    for (hydrating of document.querySelectorAll('leptos-island')) {
      hydrating.translate = false;
      try {
        program[hydrating.dataset.component](hydrating);
        await new Promise(resolve => setTimeout(resolve));
      } catch (error) {
        console.error(error);
        fail(hydrating, CHANGED);
      }
    }
    hydrating = null;
  };

  // A page without islands and charts needs no program.
  let begun = !document.querySelector('leptos-island, [data-chart]');
  const begin = async () => {
    if (begun) return;
    begun = true;
    if (typeof WebAssembly !== 'object') return fail(null, 'WebAssembly is switched off');
    const watch = setTimeout(() => fallBack('its program has not arrived yet', RELOAD_WHILE_LOADING), PATIENCE);
    try {
      const program = await load();
      clearTimeout(watch);
      comeBack();
      await hydrate(program);
    } catch (error) {
      clearTimeout(watch);
      console.error(error);
      fail(null, 'its program could not be loaded');
    }
  };

  // A hidden page is never painted, so it does not wait.
  const paints = globalThis.PerformanceObserver?.supportedEntryTypes?.includes('paint');
  if (document.hidden || !paints) begin();
  else {
    new PerformanceObserver(begin).observe({ type: 'paint', buffered: true });
    setTimeout(begin, 1000);
  }
}
